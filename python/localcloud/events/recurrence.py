"""Schedule expressions, ``rate(…)``, ``cron(…)`` and ``at(…)``, and when they come next. Pure.

AWS: EventBridge User Guide, "Cron expressions reference" and "Rate expressions reference"; EventBridge Scheduler User
Guide, "Schedule types". A moment that daylight saving time skips is left out, and one that comes twice counts once.

Example::

    >>> from datetime import datetime, UTC
    >>> noon = read("cron(0 12 ? * MON-FRI *)")
    >>> friday = datetime(2026, 1, 2, 12, tzinfo=UTC).timestamp()
    >>> datetime.fromtimestamp(noon.following(friday), UTC).isoformat()
    '2026-01-05T12:00:00+00:00'
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
LAST_YEAR = 2199
UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_RATE = re.compile(r"rate\(([1-9]\d{0,8}) (minute|hour|day)(s?)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_STEP = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")


class BadExpression(ValueError):
    """A text that is no schedule expression."""


@dataclass(frozen=True)
class Rate:
    """A moment every so many seconds."""

    seconds: int

    def following(self, after: float, *, anchor: float) -> float:
        """The first moment after another one, counted from an anchor.

        Example::

            >>> Rate(60).following(130.0, anchor=0.0), Rate(60).following(120.0, anchor=120.0)
            (180.0, 180.0)
        """
        return anchor + self.seconds * max(0, (after - anchor) // self.seconds + 1)


@dataclass(frozen=True)
class Once:
    """One moment, on the clock of a time zone."""

    moment: datetime

    def following(self, after: float, *, zone: tzinfo = UTC) -> float | None:
        """The moment, if it comes after another one."""
        found = self.moment.replace(tzinfo=zone).timestamp()
        return found if found > after else None


@dataclass(frozen=True)
class Cron:
    """Minutes, hours, days, months and years on the clock of a time zone.

    Attributes:
        days: The day-of-month field, or None for ``?``.
        weekdays: The day-of-week field, or None for ``?``.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: str | None
    months: tuple[int, ...]
    weekdays: str | None
    years: tuple[int, ...]

    def following(self, after: float, *, zone: tzinfo = UTC) -> float | None:
        """The first moment after another one; None if there is none."""
        begin = datetime.fromtimestamp(after, zone)
        for day in self._dates(begin.date()):
            for hour in self.hours:
                for minute in self.minutes:
                    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                    found = local.timestamp()
                    if found > after and _exists(local, zone):
                        return found
        return None

    def _dates(self, first: date) -> Iterator[date]:
        for year in (year for year in self.years if year >= first.year):
            for month in self.months:
                if (year, month) < (first.year, first.month):
                    continue
                for number in sorted(self._days(year, month)):
                    if (day := date(year, month, number)) >= first:
                        yield day

    def _days(self, year: int, month: int) -> set[int]:
        if self.days is not None:
            return set(_days_of_month(self.days, year, month))
        return set(_days_of_week(self.weekdays or "*", year, month))


Expression = Rate | Once | Cron


def read(text: str, *, lenient: bool = False) -> Expression:
    """A schedule expression.

    Args:
        lenient: Whether EventBridge Scheduler reads it: it has ``at(…)``, and takes ``rate(1 minutes)``.

    Raises:
        BadExpression: It is none.
    """
    if found := _RATE.fullmatch(text):
        number, unit, plural = int(found[1]), found[2], bool(found[3])
        if not lenient and plural != (number > 1):
            raise BadExpression(text)
        return Rate(number * UNITS[unit])
    if found := _CRON.fullmatch(text):
        return _cron(found[1])
    if lenient and (found := _AT.fullmatch(text)):
        try:
            return Once(datetime.fromisoformat(found[1]))
        except ValueError:
            raise BadExpression(text) from None
    raise BadExpression(text)


def _cron(text: str) -> Cron:
    fields = text.upper().split()
    if len(fields) != 6:
        raise BadExpression(text)
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):  # one of them says which days, and the other says that it does not
        raise BadExpression(text)
    if days != "?":
        for part in days.split(","):
            if not re.fullmatch(r"L|LW|(?:[1-9]|[12]\d|3[01])W", part):
                _numbers(part, 1, 31)
    if weekdays != "?":
        for part in weekdays.split(","):
            if found := re.fullmatch(r"(\w+?)(?:L|#[1-5])", part):
                _number(found[1], 1, 7, DAYS)
            elif part != "L":
                _numbers(part, 1, 7, DAYS)
    return Cron(
        _numbers(minutes, 0, 59),
        _numbers(hours, 0, 23),
        None if days == "?" else days,
        _numbers(months, 1, 12, MONTHS),
        None if weekdays == "?" else weekdays,
        _numbers(years, 1970, LAST_YEAR),
    )


def _numbers(field: str, least: int, most: int, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    """The numbers of a field: ``*``, ``5``, ``1-5``, ``0/15``, ``MON,FRI``.

    Example::

        >>> _numbers("0/20,5", 0, 59), _numbers("FRI-MON", 1, 7, DAYS)
        ((0, 5, 20, 40), (1, 2, 6, 7))
    """
    found: set[int] = set()
    for part in field.split(","):
        match = _STEP.fullmatch(part)
        if match is None or (match["first"] == "*" and match["last"]):
            raise BadExpression(field)
        step = int(match["step"] or 1)
        if match["first"] == "*":
            first, last = least, most
        else:
            first = _number(match["first"], least, most, names)
            last = _number(match["last"], least, most, names) if match["last"] else most if match["step"] else first
        if step < 1:
            raise BadExpression(field)
        numbers = range(first, last + 1) if first <= last else [*range(first, most + 1), *range(least, last + 1)]
        found.update(list(numbers)[::step])
    return tuple(sorted(found))


def _number(text: str, least: int, most: int, names: tuple[str, ...]) -> int:
    number = names.index(text) + least if text in names else int(text) if text.isdecimal() else -1
    if not least <= number <= most:
        raise BadExpression(text)
    return number


def _days_of_month(field: str, year: int, month: int) -> Iterator[int]:
    last = calendar.monthrange(year, month)[1]
    for part in field.split(","):
        if part == "L":
            yield last
        elif part == "LW":
            yield _nearest_weekday(year, month, last)
        elif part.endswith("W"):
            if (number := int(part[:-1])) <= last:
                yield _nearest_weekday(year, month, number)
        else:
            yield from (number for number in _numbers(part, 1, 31) if number <= last)


def _days_of_week(field: str, year: int, month: int) -> Iterator[int]:
    last = calendar.monthrange(year, month)[1]
    of = {number: _weekday(date(year, month, number)) for number in range(1, last + 1)}
    for part in field.split(","):
        if found := re.fullmatch(r"(\w+)#([1-5])", part):
            wanted = [number for number, day in of.items() if day == _number(found[1], 1, 7, DAYS)]
            yield from wanted[int(found[2]) - 1 : int(found[2])]
        elif part != "L" and part.endswith("L"):
            yield [number for number, day in of.items() if day == _number(part[:-1], 1, 7, DAYS)][-1]
        else:
            days = (7,) if part == "L" else _numbers(part, 1, 7, DAYS)
            yield from (number for number, day in of.items() if day in days)


def _weekday(day: date) -> int:
    """1 for Sunday to 7 for Saturday."""
    return day.isoweekday() % 7 + 1


def _nearest_weekday(year: int, month: int, number: int) -> int:
    """The day from Monday to Friday of the same month that is nearest."""
    last = calendar.monthrange(year, month)[1]
    day = date(year, month, number)
    if day.isoweekday() == 6:
        return number - 1 if number > 1 else number + 2
    if day.isoweekday() == 7:
        return number + 1 if number < last else number - 2
    return number


def _exists(local: datetime, zone: tzinfo) -> bool:
    """Whether the zone's clock ever shows a time."""
    shown = local.astimezone(UTC).astimezone(zone)
    return shown.replace(tzinfo=None) == local.replace(tzinfo=None)
