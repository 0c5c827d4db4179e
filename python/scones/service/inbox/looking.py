"""What waits, what was given up and what failed on the way from an object to its result.

Example::

    >>> one = FailedArrival("arn:…:execution:m:arrival-a-0d5c", "arrival-a-0d5c", "s3://b/in/a.png", "States.Timeout",
    ...     "the endpoint did not answer", datetime(2026, 1, 28, tzinfo=UTC), redrivable=True)
    >>> one.may_pass
    True
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from scones.service.inbox.dead import DeadLetter, QueueLoad, letters, load
from scones.service.workflow import LOW_CONFIDENCE

BEGIN = "arrival-"  # startWorkflow's names of executions begin so
ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")
MOST = 100
# The same picture fails with these again.
FINAL = frozenset(
    {
        LOW_CONFIDENCE,
        "InvalidImageError",
        "InvalidInputError",
        "InvalidThresholdError",
        "ImageNotFoundError",
        "ImageTooLargeError",
    }
)


@dataclass(frozen=True)
class FailedArrival:
    """An execution for an arrival that ended without an answer.

    Attributes:
        arn: The execution's ARN.
        name: Its name.
        image: The object's URL.
        error: Its Error, or its status if it has none.
        cause: Its Cause.
        ended: When, in UTC.
        redrivable: Whether Step Functions can redrive it.
    """

    arn: str
    name: str
    image: str
    error: str
    cause: str
    ended: datetime
    redrivable: bool

    @property
    def may_pass(self) -> bool:
        """Whether another try could give an answer. The same picture is unsure or unreadable again."""
        return self.redrivable and self.error not in FINAL


@dataclass(frozen=True)
class Inbox:
    """All that has not arrived at a result.

    Attributes:
        waiting: The load of each queue, ``arrivals`` and ``endings``.
        dead: The dead letters of both, at most 50 of each, the oldest first.
        failed: The executions that failed, the newest first, at most 100.
    """

    waiting: dict[str, QueueLoad]
    dead: tuple[DeadLetter, ...]
    failed: tuple[FailedArrival, ...]


@dataclass(frozen=True)
class Retried:
    """What was tried again.

    Attributes:
        moved: The number of dead letters of each queue that were there when they began to be moved back.
        redriven: The names of the executions that go on.
        refused: Why others do not, by name.
    """

    moved: dict[str, int]
    redriven: tuple[str, ...]
    refused: dict[str, str]


def look(sqs: Any, sfn: Any, arrival: Mapping[str, Any], state_machine_arn: str, *, since: datetime) -> Inbox:
    """Look at the queues and the failed executions.

    Args:
        sqs: A boto3 SQS client.
        sfn: A boto3 Step Functions client.
        arrival: The output ``arrival`` of the stack ``service``.
        since: Executions that ended earlier are left out.
    """
    queues = arrival["queues"]
    return Inbox(
        {name: load(sqs, queue) for name, queue in queues.items()},
        tuple(one for name, queue in queues.items() for one in letters(sqs, name, queue)),
        tuple(_failed(sfn, state_machine_arn, since)),
    )


def _failed(sfn: Any, machine: str, earliest: datetime) -> list[FailedArrival]:
    found: list[dict[str, Any]] = []
    for status in ENDED_BADLY:
        # The newest come first.
        for page in sfn.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter=status):
            own = [one for one in page["executions"] if one["name"].startswith(BEGIN)]
            found += [one for one in own if one["stopDate"] >= earliest]
            if len(found) >= MOST * len(ENDED_BADLY) or any(one["stopDate"] < earliest for one in page["executions"]):
                break
    found.sort(key=lambda one: one["stopDate"], reverse=True)
    return [_described(sfn.describe_execution(executionArn=one["executionArn"])) for one in found[:MOST]]


def _described(execution: Mapping[str, Any]) -> FailedArrival:
    given = json.loads(execution.get("input") or "{}")
    return FailedArrival(
        arn=execution["executionArn"],
        name=execution["name"],
        image=f"s3://{given.get('s3_bucket')}/{given.get('s3_key')}",
        error=execution.get("error") or execution["status"],
        cause=execution.get("cause") or "",
        ended=execution["stopDate"].astimezone(UTC),
        redrivable=execution.get("redriveStatus") == "REDRIVABLE",
    )


def retry(sqs: Any, sfn: Any, arrival: Mapping[str, Any], inbox: Inbox, *, errors: Sequence[str] = ()) -> Retried:
    """Move all dead letters back to their queues, and redrive failed executions.

    Args:
        sqs: A boto3 SQS client.
        sfn: A boto3 Step Functions client.
        arrival: The output ``arrival`` of the stack ``service``.
        errors: Redrive the executions with these errors. By default, those that another try could help.
    """
    moved = {}
    for name, queue in arrival["queues"].items():
        if inbox.waiting[name].dead:
            sqs.start_message_move_task(SourceArn=queue["dead_letters"]["arn"], DestinationArn=queue["arn"])
            moved[name] = inbox.waiting[name].dead
    redriven, refused = [], {}
    for one in inbox.failed:
        if not (one.error in errors if errors else one.may_pass):
            continue
        try:
            sfn.redrive_execution(executionArn=one.arn)
            redriven.append(one.name)
        except ClientError as error:
            refused[one.name] = str(error)
    return Retried(moved, tuple(redriven), refused)
