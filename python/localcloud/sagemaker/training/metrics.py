"""Finds a training job's metrics in its log lines, by regular expressions as SageMaker does.

Example::

    >>> metrics = LogMetrics()
    >>> now = datetime(2024, 1, 28, 11, 58)
    >>> new = metrics.read("[01/28/2024 11:58:01 INFO 140] Epoch[0] Validation-accuracy=0.526042", now)
    >>> [(one["MetricName"], one["Value"]) for one in new]
    [('validation:accuracy', 0.526042), ('validation:accuracy:epoch', 0.526042)]
    >>> metrics.final() == new  # so far
    True
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

_TRAIN = r"Epoch\[[0-9]+\] Train-accuracy=([0-9\.]+)"
_VALIDATION = r"Epoch\[[0-9]+\] Validation-accuracy=([0-9\.]+)"

#: The algorithm's own MetricDefinitions. A built-in algorithm ignores those of a request.
DEFINITIONS = (
    {"Name": "train:accuracy", "Regex": _TRAIN},
    {"Name": "validation:accuracy", "Regex": _VALIDATION},
    {"Name": "train:accuracy:epoch", "Regex": _TRAIN},
    {"Name": "validation:accuracy:epoch", "Regex": _VALIDATION},
)
_PATTERNS = tuple((definition["Name"], re.compile(definition["Regex"])) for definition in DEFINITIONS)


class LogMetrics:
    """Keeps the last value of each metric."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, Any]] = {}

    def read(self, line: str, now: datetime) -> list[dict[str, Any]]:
        """Read a log line, and return the metrics that it has."""
        found = []
        for name, pattern in _PATTERNS:
            match = pattern.search(line)
            if match and math.isfinite(value := _number(match[1])):
                self._last[name] = {"MetricName": name, "Value": value, "Timestamp": now}
                found.append(self._last[name])
        return found

    def final(self) -> list[dict[str, Any]]:
        """FinalMetricDataList: each metric's last value, in the order of :data:`DEFINITIONS`."""
        return [self._last[name] for name, _ in _PATTERNS if name in self._last]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
