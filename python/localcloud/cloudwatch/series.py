"""The data of one metric, and CloudWatch's statistics over them.

Example::

    >>> series = Series()
    >>> series.add(Datum(time=100.0, total=3.0, count=1, low=3.0, high=3.0))
    >>> statistic("p99", series.between(60.0, 120.0))
    3.0
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

PLAIN = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")


@dataclass(frozen=True)
class Datum:
    """One value, or the statistics of several values.

    Attributes:
        time: Seconds since 1970.
        total, count, low, high: The sum, the number, the smallest and the largest of the values.
        unit: CloudWatch's name of the unit, ``Count``.
    """

    time: float
    total: float
    count: float
    low: float
    high: float
    unit: str = "None"


@dataclass
class Series:
    """The data of one metric, the oldest first."""

    data: list[Datum] = field(default_factory=list)

    def add(self, datum: Datum) -> None:
        """Add a datum. It may be older than the others."""
        bisect.insort(self.data, datum, key=lambda one: one.time)

    def between(self, begin: float, end: float, *, unit: str | None = None) -> Sequence[Datum]:
        """The data in a span of seconds since 1970. The span includes its begin and excludes its end.

        Args:
            unit: Only data of this unit; by default of all units.
        """
        low = bisect.bisect_left(self.data, begin, key=lambda one: one.time)
        high = bisect.bisect_left(self.data, end, key=lambda one: one.time)
        return [one for one in self.data[low:high] if unit in (None, one.unit)]


def is_statistic(name: str) -> bool:
    """Whether :func:`statistic` supports a statistic: one of ``PLAIN``, or a percentile from p0 to p100.

    Example::

        >>> is_statistic("p99.9"), is_statistic("tm90")
        (True, False)
    """
    match = re.fullmatch(r"p(\d{1,3}(?:\.\d{1,10})?)", name)
    return name in PLAIN or (match is not None and float(match.group(1)) <= 100)


def statistic(name: str, data: Sequence[Datum]) -> float | None:
    """A statistic of some data; None if there are no data.

    Percentiles use the nearest rank. A datum with several different values has no percentiles, as CloudWatch documents
    (User Guide, Percentiles).
    """
    if not data:
        return None
    match name:
        case "Sum":
            return sum(one.total for one in data)
        case "Average":
            return sum(one.total for one in data) / sum(one.count for one in data)
        case "Minimum":
            return min(one.low for one in data)
        case "Maximum":
            return max(one.high for one in data)
        case "SampleCount":
            return sum(one.count for one in data)
    values = sorted(one.low for one in data for _ in range(int(one.count)) if one.low == one.high)
    if not values:
        return None
    return values[max(0, math.ceil(float(name[1:]) / 100 * len(values)) - 1)]
