"""Data of a metric, and CloudWatch's statistics over them.

Example::

    >>> three, four = Datum.of(3.0, time=100.0), Datum.of(4.0, time=101.0)
    >>> statistic("p99", [three, four]), statistic("Sum", [three, four])
    (4.0, 7.0)
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

PLAIN = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")
# More different values than this are rounded to the nearest power of STEP, which changes each by at most 1 %.
MOST_VALUES = 100
STEP = 1.02


@dataclass(frozen=True)
class Datum:
    """One value, or several values together.

    Attributes:
        time: Seconds since 1970.
        total, count, low, high: The sum, the number, the smallest and the largest of the values.
        unit: CloudWatch's name of the unit, ``Count``.
        values: How often each value occurs, as far as the values are known.
    """

    time: float
    total: float
    count: float
    low: float
    high: float
    unit: str = "None"
    values: Mapping[float, float] = field(default_factory=dict)

    @classmethod
    def of(cls, value: float, *, time: float, count: float = 1.0, unit: str = "None") -> Datum:
        """A datum of one value that occurs ``count`` times."""
        return cls(time, value * count, count, value, value, unit, {value: count})


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

    Percentiles use the nearest rank. A datum with several different values that are not known has no percentiles, as
    CloudWatch documents (User Guide, Percentiles).
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
    values = together(one.values for one in data)
    wanted: float = math.ceil(float(name[1:]) / 100 * sum(values.values()))
    for value in sorted(values):
        wanted -= values[value]
        if wanted <= 0:
            return value
    return None


def together(parts: Iterable[Mapping[float, float]]) -> dict[float, float]:
    """How often each value occurs in all parts."""
    found: dict[float, float] = {}
    for part in parts:
        for value, count in part.items():
            found[value] = found.get(value, 0.0) + count
    return found


def packed(values: Mapping[float, float]) -> bytes:
    """Values and their counts as bytes: pairs of 64-bit floats. Two results may be joined.

    Example::

        >>> unpacked(packed({3.0: 1.0}) + packed({3.0: 2.0, 4.0: 1.0}))
        {3.0: 3.0, 4.0: 1.0}
        >>> sum(unpacked(packed({float(value): 1.0 for value in range(10_000)})).values())
        10000.0
    """
    if len(values) > MOST_VALUES:
        values = together({_rounded(value): count} for value, count in values.items())
    return array("d", [number for pair in values.items() for number in pair]).tobytes()


def unpacked(found: bytes) -> dict[float, float]:
    """What :func:`packed` has packed."""
    numbers = array("d", found)
    values: dict[float, float] = {}
    for value, count in zip(numbers[::2], numbers[1::2], strict=True):
        values[value] = values.get(value, 0.0) + count
    return values


def _rounded(value: float) -> float:
    if not value:
        return value
    return math.copysign(STEP ** round(math.log(abs(value), STEP)), value)
