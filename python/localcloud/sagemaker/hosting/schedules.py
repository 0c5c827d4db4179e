"""The schedules of Application Auto Scaling: ``at(…)``, ``rate(…)`` and ``cron(…)``.

Example::

    due("cron(0 20 ? * MON-FRI *)", "Europe/Berlin", begin, end)    # whether it was 20:00 of a working day

AWS: Application Auto Scaling User Guide, "Schedule recurring scaling actions using cron expressions". Fields of cron
are minutes, hours, day of month, month, day of week, year; L, W and # are not supported.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
LONGEST = timedelta(days=2)  # a clock that was set further ahead than this does not make up for all it skipped


def due(
    expression: str, timezone: str | None, begin: datetime, end: datetime, *, since: datetime | None = None
) -> bool:
    """Whether a schedule has a time after ``begin`` and until ``end``.

    Args:
        timezone: An IANA name, UTC where not given.
        begin, end: With their time zone.
        since: When a rate began to count.

    Raises:
        ValueError: it is no such schedule.
    """
    match = re.fullmatch(r"(at|rate|cron)\((.+)\)", expression.strip())
    if not match:
        raise ValueError(f"{expression} is none of at(…), rate(…) and cron(…)")
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
        raise ValueError(f"cron({text}) has {len(words)} fields, not {len(_RANGES)}")
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
