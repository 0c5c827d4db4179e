"""A training job's metrics, found in its log lines as SageMaker finds them: by regular expressions.

Example::

    metrics = LogMetrics()
    metrics.read("[01/28/2024 11:58:01 INFO 140] Epoch[0] Validation-accuracy=0.526042", now)
    metrics.final()     # [{'MetricName': 'validation:accuracy', 'Value': 0.526042, 'Timestamp': …}, …]
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

_TRAIN = r"Epoch\[[0-9]+\] Train-accuracy=([0-9\.]+)"
_VALIDATION = r"Epoch\[[0-9]+\] Validation-accuracy=([0-9\.]+)"

#: The algorithm's own definitions, which DescribeTrainingJob shows; a request's are not used for a built-in algorithm.
DEFINITIONS = (
    {"Name": "train:accuracy", "Regex": _TRAIN},
    {"Name": "validation:accuracy", "Regex": _VALIDATION},
    {"Name": "train:accuracy:epoch", "Regex": _TRAIN},
    {"Name": "validation:accuracy:epoch", "Regex": _VALIDATION},
)
_PATTERNS = tuple((definition["Name"], re.compile(definition["Regex"])) for definition in DEFINITIONS)


class LogMetrics:
    """The last value of each metric, as the log goes on."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, Any]] = {}

    def read(self, line: str, now: datetime) -> bool:
        """Look for metrics in a log line; whether there was one."""
        found = False
        for name, pattern in _PATTERNS:
            match = pattern.search(line)
            if match and math.isfinite(value := _number(match[1])):
                self._last[name] = {"MetricName": name, "Value": value, "Timestamp": now}
                found = True
        return found

    def final(self) -> list[dict[str, Any]]:
        """FinalMetricDataList: each metric's last value, in the definitions' order."""
        return [self._last[name] for name, _ in _PATTERNS if name in self._last]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
