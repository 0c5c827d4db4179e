"""What a training job has reached after each epoch, from its log lines, and what it costs.

Example::

    >>> lines = ["Epoch[0] Train-accuracy=0.50", "Epoch[0] Time cost=13.7", "Epoch[0] Validation-accuracy=0.60"]
    >>> of(lines)["accuracy"]
    {'train': {0: 0.5}, 'validation': {0: 0.6}}

MXNet writes a line ``Epoch[N] Train-NAME=VALUE`` for each of its metrics, and ``Epoch[N] Validation-NAME=VALUE``
(Module.fit). The built-in Image Classification writes the accuracy; other containers also write ``cross-entropy``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from scones.cost import Prices
from scones.errors import InputError

VALUE = re.compile(r"Epoch\[(\d+)\] (Train|Validation)-([A-Za-z][\w-]*)=([0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)")
ENDED = ("Completed", "Failed", "Stopped")
KINDS = {"Completed": "good", "Failed": "bad", "Stopped": "warn", "Stopping": "warn"}

Curves = dict[str, dict[str, dict[int, float]]]


def of(lines: Iterable[str], curves: Curves | None = None) -> Curves:
    """The values of each metric by split (``train``, ``validation``) and epoch.

    Args:
        curves: Those of earlier lines. New values are added to them.
    """
    found: Curves = {} if curves is None else curves
    for line in lines:
        if match := VALUE.search(line):
            epoch, split, name, value = match.groups()
            found.setdefault(name, {}).setdefault(split.lower(), {})[int(epoch)] = float(value)
    return found


def columns(metric: Mapping[str, Mapping[int, float]]) -> list[list[float | None]]:
    """A metric as columns for a chart: the epochs from 1, then the values of the training, then of the validation.

    Example::

        >>> columns({"train": {0: 0.5, 1: 0.7}, "validation": {0: 0.6}})
        [[1, 2], [0.5, 0.7], [0.6, None]]
    """
    epochs = sorted({epoch for values in metric.values() for epoch in values})
    splits = [metric.get(split, {}) for split in ("train", "validation")]
    return [[epoch + 1 for epoch in epochs], *([values.get(epoch) for epoch in epochs] for values in splits)]


def described(job: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A training job as its page shows it.

    Args:
        job: DescribeTrainingJob's answer.
        now: The current time, for a job that runs.
    """
    status, resources = job["TrainingJobStatus"], job.get("ResourceConfig", {})
    began, ended = job.get("TrainingStartTime"), job.get("TrainingEndTime")
    seconds = ((ended or now) - began).total_seconds() if began else 0.0
    return {
        "name": job["TrainingJobName"],
        "status": status,
        "kind": KINDS.get(status, "run"),
        "step": job.get("SecondaryStatus", status),
        "running": status not in ENDED,
        "reason": job.get("FailureReason"),
        "seconds": int(max(0.0, seconds)),
        "billable": job.get("BillableTimeInSeconds"),
        "instances": f"{resources.get('InstanceCount', 1)} x {resources.get('InstanceType', 'unknown')}",
        "created": job["CreationTime"],
        "steps": [
            {
                "status": one["Status"],
                "seconds": int(((one.get("EndTime") or now) - one["StartTime"]).total_seconds()),
                "words": one.get("StatusMessage"),
            }
            for one in job.get("SecondaryStatusTransitions", [])
        ],
    }


def cost(job: Mapping[str, Any], now: datetime, prices: Prices) -> float | None:
    """What a job has cost so far in US dollars, at on-demand prices. None if the table has no price for its instance.

    Args:
        job: DescribeTrainingJob's answer.
        now: The current time, for a job that runs.
    """
    resources, began = job.get("ResourceConfig", {}), job.get("TrainingStartTime")
    seconds = job.get("BillableTimeInSeconds")
    if seconds is None:
        seconds = ((job.get("TrainingEndTime") or now) - began).total_seconds() if began else 0.0
    try:
        hour = prices.instance_hour("training_hour", resources.get("InstanceType", ""))
    except InputError:
        return None
    return float(max(0.0, seconds) * int(resources.get("InstanceCount", 1)) * hour / 3600)


def cost_words(dollars: float | None, *, costs_money: bool) -> str:
    """A cost for people.

    Example::

        >>> cost_words(0.0276, costs_money=True), cost_words(0.0276, costs_money=False)
        ('USD 0.03', 'nothing here; on AWS about USD 0.03')
    """
    said = "unknown: the table of prices lacks this instance" if dollars is None else f"USD {dollars:.2f}"
    if costs_money:
        return said
    return "nothing here" if dollars is None else f"nothing here; on AWS about {said}"
