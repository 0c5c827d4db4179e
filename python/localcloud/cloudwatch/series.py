"""One metric's data, and the statistics of CloudWatch over a span of it.

Example::

    series = Series()
    series.add(Datum(time=100.0, total=3.0, count=1, low=3.0, high=3.0))
    statistic("p99", series.between(60.0, 120.0))       # 3.0
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
    """A value, or a set of statistics of several.

    Attributes:
        time: Seconds since 1970.
        total, count, low, high: The values' sum, their number, the smallest and the largest.
        unit: As CloudWatch names units.
    """

    time: float
    total: float
    count: float
    low: float
    high: float
    unit: str = "None"


@dataclass
class Series:
    """The data of one metric, oldest first."""

    data: list[Datum] = field(default_factory=list)

    def add(self, datum: Datum) -> None:
        """Keep one more datum; it may be older than others."""
        bisect.insort(self.data, datum, key=lambda one: one.time)

    def between(self, begin: float, end: float, *, unit: str | None = None) -> Sequence[Datum]:
        """The data of a span of seconds since 1970, its begin included, its end not; of one unit where it is given."""
        low = bisect.bisect_left(self.data, begin, key=lambda one: one.time)
        high = bisect.bisect_left(self.data, end, key=lambda one: one.time)
        return [one for one in self.data[low:high] if unit in (None, one.unit)]


def is_statistic(name: str) -> bool:
    """Whether :func:`statistic` knows it: the five plain ones, and percentiles from p0 to p100."""
    match = re.fullmatch(r"p(\d{1,3}(?:\.\d{1,10})?)", name)
    return name in PLAIN or (match is not None and float(match.group(1)) <= 100)


def statistic(name: str, data: Sequence[Datum]) -> float | None:
    """A statistic of some data; None where there are none.

    Percentiles are by nearest rank. A set of statistics has none unless all its values are the same, as CloudWatch
    documents (User Guide, Percentiles).
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
