"""How an environment is: its alarms, its budget and its queues.

Example::

    >>> ringing = {"AlarmName": "scones-dev-endpoint-5xx", "StateValue": "ALARM", "StateReason": "1 was greater",
    ...            "StateUpdatedTimestamp": None, "AlarmDescription": "It fails."}
    >>> quiet = {**ringing, "AlarmName": "scones-dev-endpoint-4xx", "StateValue": "OK"}
    >>> [one["short"] for one in in_order([quiet, ringing], "scones-dev")]
    ['endpoint-5xx', 'endpoint-4xx']
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from scones.console.desk import Desk
from scones.cost import budget
from scones.errors import CloudError
from scones.service import inbox

ORDER = ("ALARM", "INSUFFICIENT_DATA", "OK")
WORDS = {"ALARM": ("rings", "bad"), "INSUFFICIENT_DATA": ("no data", "warn"), "OK": ("quiet", "good")}
AGE = timedelta(minutes=15)  # SQS tells a queue's age each minute, and nothing of an idle queue


def alarms(cloudwatch: Any, workload: str) -> list[dict[str, Any]]:
    """An environment's alarms, those that ring first.

    Args:
        cloudwatch: A boto3 CloudWatch client.
        workload: What their names begin with.
    """
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{workload}-", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    found = [one for page in pages for one in [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]]
    return in_order(found, workload)


def in_order(found: Iterable[Mapping[str, Any]], workload: str) -> list[dict[str, Any]]:
    """Alarms as the page shows them: those that ring, those without data, then the others; each by name."""
    rows = []
    for one in found:
        words, kind = WORDS.get(one["StateValue"], (one["StateValue"], ""))
        rows.append(
            {
                "name": one["AlarmName"],
                "short": one["AlarmName"].removeprefix(f"{workload}-"),
                "state": one["StateValue"],
                "words": words,
                "kind": kind,
                "says": one.get("AlarmDescription") or "",
                "reason": one.get("StateReason") or "",
                "since": one.get("StateUpdatedTimestamp"),
                "muted": one.get("ActionsEnabled") is False,
            }
        )
    place = {state: number for number, state in enumerate(ORDER)}
    return sorted(rows, key=lambda row: (place.get(row["state"], 0), row["name"]))


def queues(sqs: Any, cloudwatch: Any, arrival: Mapping[str, Any] | None, now: datetime) -> list[dict[str, Any]]:
    """The inbox's queues: what waits, since when, what is worked on, and what was given up.

    Args:
        arrival: The output ``arrival`` of the stack ``service``. None if arrivals start nothing.
        now: The current time.
    """
    rows = []
    for name, queue in (arrival or {"queues": {}})["queues"].items():
        load = inbox.load(sqs, queue)
        rows.append(
            {
                "name": name,
                "waiting": load.visible,
                "in_flight": load.in_flight,
                "dead": load.dead,
                "oldest": oldest(cloudwatch, queue["name"], now) if load.visible or load.in_flight else None,
            }
        )
    return rows


def oldest(cloudwatch: Any, queue: str, now: datetime) -> float | None:
    """The age of a queue's oldest message, in seconds, as CloudWatch last heard of it. None if it has not.

    Source: Amazon SQS Developer Guide, "Available CloudWatch metrics", ApproximateAgeOfOldestMessage.
    """
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        StartTime=now - AGE,
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    newest = max(points, key=lambda one: one["Timestamp"], default=None)
    return None if newest is None else float(newest["Maximum"])


def spent(desk: Desk) -> dict[str, Any]:
    """The budget: ``limit``, ``spent`` (US dollars), ``counts`` and ``faults``; or ``none`` and ``hint``, why not."""
    try:
        found = budget.read(desk.environment, client=desk.client_of)
    except CloudError as error:
        return {"none": error.message, "hint": error.hint}
    except ClientError as error:
        return {"none": f"the budget cannot be read: {error}", "hint": None}
    return {
        "name": found.name,
        "limit": found.limit_usd,
        "spent": found.spent_usd,
        "share": found.spent_usd / found.limit_usd if found.limit_usd else 0.0,
        "counts": found.counts,
        "faults": list(found.faults),
    }
