"""Timestamps as the Amazon States Language wants them: RFC 3339, with an upper-case T, and Z or an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)\Z",
    re.ASCII,
)


def seconds(text: str) -> float | None:
    """The seconds since 1970 of a timestamp. None if the text is no timestamp.

    Example::

        >>> seconds("1970-01-01T00:00:01.5Z"), seconds("1970-01-01T01:00:00+01:00")
        (1.5, 0.0)
        >>> seconds("2016-12-05 21:29:29Z"), seconds("2016-13-05T21:29:29Z"), seconds("2016-12-05T21:29:29")
        (None, None, None)
    """
    found = _FORM.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    offset = timedelta(0)
    if zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=timezone(offset)
        )
    except ValueError:
        return None
    return moment.timestamp() + float(f"0.{fraction or 0}")


@lru_cache(maxsize=1024)  # the context object of each state has the execution's begin
def written(moment: float) -> str:
    """A moment as the context object and .sync results show it.

    Example::

        >>> written(1.5), written(1.6519)
        ('1970-01-01T00:00:01.500Z', '1970-01-01T00:00:01.652Z')
    """
    seconds, milliseconds = divmod(round(moment * 1000), 1000)
    return f"{_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=64)  # many moments have the same one
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
