"""The schedules of Application Auto Scaling: ``at(…)``, ``rate(…)`` and ``cron(…)``.

AWS: Application Auto Scaling User Guide, "Schedule recurring scaling actions using cron expressions". The fields of
cron are minutes, hours, day of month, month, day of week and year. L, W and # are not supported.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
LONGEST = timedelta(days=2)  # of a longer span, only the last two days count for cron


def due(
    expression: str, timezone: str | None, begin: datetime, end: datetime, *, since: datetime | None = None
) -> bool:
    """Whether a schedule has a time later than ``begin`` and not later than ``end``.

    Args:
        timezone: An IANA name such as Europe/Berlin. None is UTC.
        begin: With a time zone.
        end: With a time zone.
        since: The start of a rate. None is ``begin``.

    Raises:
        ValueError: The expression is not a schedule.

    Example::

        >>> begin, end = datetime(2026, 1, 28, 18, 55, tzinfo=UTC), datetime(2026, 1, 28, 19, 5, tzinfo=UTC)
        >>> due("cron(0 20 ? * MON-FRI *)", "Europe/Berlin", begin, end)
        True
        >>> due("cron(0 20 ? * MON-FRI *)", None, begin, end)
        False
    """
    match = re.fullmatch(r"(at|rate|cron)\((.+)\)", expression.strip())
    if not match:
        raise ValueError(f"the schedule '{expression}' is not supported: use at(…), rate(…) or cron(…)")
    kind, text = match.groups()
    zone = ZoneInfo(timezone) if timezone else UTC
    if kind == "at":
        return begin < datetime.fromisoformat(text).replace(tzinfo=zone) <= end
    if kind == "rate":
        count, unit = text.split()
        seconds = int(count) * _UNITS[unit.rstrip("s")]
        first = (since or begin).timestamp()
        return (begin.timestamp() - first) // seconds < (end.timestamp() - first) // seconds
    minute = max(begin, end - LONGEST).astimezone(zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
    fields = _cron(text)
    while minute <= end:
        weekday = minute.isoweekday() % 7 + 1
        values = (minute.minute, minute.hour, minute.day, minute.month, weekday, minute.year)
        if all(value in field for value, field in zip(values, fields, strict=True)):
            return True
        minute += timedelta(minutes=1)
    return False


def _cron(text: str) -> list[set[int]]:
    words = text.upper().split()
    if len(words) != len(_RANGES):
        raise ValueError(f"cron({text}) has {len(words)} fields; it must have {len(_RANGES)}")
    names: list[tuple[str, ...]] = [(), (), (), _MONTHS, _DAYS, ()]
    return [_field(word, *span, known) for word, span, known in zip(words, _RANGES, names, strict=True)]


def _field(word: str, low: int, high: int, names: tuple[str, ...]) -> set[int]:
    found: set[int] = set()
    for part in word.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            begin, end = low, high
        else:
            begin = _number(first, names)
            end = _number(last, names) if dash else high if step else begin
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def _number(word: str, names: tuple[str, ...]) -> int:
    return names.index(word) + 1 if word in names else int(word)
