"""Reads periods of time: a day, a time in UTC, or an age such as ``7d``.

Example::

    >>> period = parse("2024-01-28", "2024-01-28")
    >>> str(period)
    'since 2024-01-28 00:00 until 2024-01-29 00:00 UTC'
    >>> datetime(2024, 1, 28, 12, tzinfo=UTC) in period
    True
    >>> str(parse("7d", None, now=datetime(2024, 1, 28, tzinfo=UTC)))
    'since 2024-01-21 00:00 UTC'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scones.errors import InputError

EARLIEST = 2000  # years; SageMaker began in 2017
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_HOW = "give a day (2024-01-28), a time in UTC (2024-01-28T12:30) or an age (7d, 12h, 30m)"


@dataclass(frozen=True)
class Period:
    """From ``since`` to just before ``until``; None leaves that side open."""

    since: datetime | None = None
    until: datetime | None = None

    def __contains__(self, time: datetime) -> bool:
        return (self.since is None or time >= self.since) and (self.until is None or time < self.until)

    def __str__(self) -> str:
        ends = [("since", self.since), ("until", self.until)]
        words = [f"{name} {time:%Y-%m-%d %H:%M}" for name, time in ends if time]
        return f"{' '.join(words)} UTC" if words else "at any time"


def parse(since: str | None, until: str | None, *, now: datetime | None = None) -> Period:
    """Read the two ends of a period.

    Args:
        since: A day, a time, or an age counted back from ``now``. A time without an offset is UTC.
        until: As ``since``. A day includes all its hours.
        now: The current time by default.

    Raises:
        InputError: one of them is not a time, or the period is empty.
    """
    now = now or datetime.now(UTC)
    start = _point(since, "--since", now) if since else None
    end = _point(until, "--until", now, whole_day=True) if until else None
    if start and end and start >= end:
        raise InputError(f"--since {since} is not before --until {until}", hint=_HOW)
    return Period(start, end)


def span(first: datetime, last: datetime) -> str:
    """Format two times as a span, such as ``22 November 2026, 18:49:04 to 18:49:13 UTC``."""
    clock = "%H:%M:%S" if last - first < timedelta(minutes=10) else "%H:%M"
    if first.date() == last.date():
        return f"{first.day} {first:%B %Y}, {first:{clock}} to {last:{clock}} UTC"
    return f"{first.day} {first:%B %Y} {first:{clock}} to {last.day} {last:%B %Y} {last:{clock}} UTC"


def _point(text: str, option: str, now: datetime, *, whole_day: bool = False) -> datetime:
    text = text.strip()
    try:
        if age := re.fullmatch(r"(\d{1,6})([dhm])", text):
            return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
        time = datetime.fromisoformat(text)
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
        if not EARLIEST <= time.year <= now.year + 100:  # and there is room to count hours from it
            raise ValueError
        only_a_day = re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", text)
        return time + timedelta(days=1) if whole_day and only_a_day else time
    except (ValueError, OverflowError):
        raise InputError(f"{option} '{text}' is not a time", hint=_HOW) from None
