"""What waits, what was given up and what failed on the way from an object to its result.

Example::

    >>> one = FailedArrival("arn:…:execution:m:arrival-a-0d5c", "arrival-a-0d5c", "s3://b/in/a.png", "States.Timeout",
    ...     "the endpoint did not answer", datetime(2026, 1, 28, tzinfo=UTC), redrivable=True)
    >>> one.may_pass, one.next_name
    (True, 'arrival-a-0d5c-r1')
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from scones.service.inbox.dead import DeadLetter, QueueLoad, letters, load
from scones.service.workflow import REFUSALS

AGAIN = re.compile(r"(?P<first>.+?)(-r(?P<number>[0-9]{1,3}))?")  # the name of a first or of another try
BEGIN = "arrival-"  # startWorkflow's names of executions begin so
ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")
MOST = 100
# The same picture fails with these again.
FINAL = frozenset(
    {
        *REFUSALS,
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
        redrivable: Whether a redrive can help: Step Functions allows it, and no state has caught the error. The state
            machine catches every error and ends in a Fail state, which a redrive enters again.
        input: Its input.
    """

    arn: str
    name: str
    image: str
    error: str
    cause: str
    ended: datetime
    redrivable: bool
    input: str = "{}"

    @property
    def may_pass(self) -> bool:
        """Whether another try could give an answer. The same picture is refused or unreadable again."""
        return self.error not in FINAL

    @property
    def next_name(self) -> str:
        """The name of another try: that of the first, and a number."""
        found = AGAIN.fullmatch(self.name)
        assert found is not None
        return f"{found['first']}-r{int(found['number'] or 0) + 1}"


@dataclass(frozen=True)
class Inbox:
    """All that has not arrived at a result.

    Attributes:
        waiting: The load of each queue, ``arrivals`` and ``endings``.
        dead: The dead letters of both, at most 50 of each, the oldest first.
        failed: The executions that failed and were not tried again, the newest first, at most 100.
        more_failed: The number of further executions that failed.
    """

    waiting: dict[str, QueueLoad]
    dead: tuple[DeadLetter, ...]
    failed: tuple[FailedArrival, ...]
    more_failed: int = 0


@dataclass(frozen=True)
class Retried:
    """What was tried again.

    Attributes:
        moved: The number of dead letters of each queue that were there when they began to be moved back.
        redriven: The names of the executions that go on where they were stopped.
        started: The names of new executions for objects whose execution failed.
        refused: Why others do not, by name.
    """

    moved: dict[str, int]
    redriven: tuple[str, ...]
    started: tuple[str, ...]
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
    ended = _ended(sfn, state_machine_arn, since)
    return Inbox(
        {name: load(sqs, queue) for name, queue in queues.items()},
        tuple(one for name, queue in queues.items() for one in letters(sqs, name, queue)),
        tuple(_described(sfn, ended[:MOST])),
        max(0, len(ended) - MOST),
    )


def _ended(sfn: Any, machine: str, earliest: datetime) -> list[str]:
    """The ARNs of the last tries that ended badly, one for each first name, the newest first."""
    last: dict[str, tuple[int, datetime, str]] = {}
    for status in ENDED_BADLY:
        for page in sfn.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter=status):
            for one in page["executions"]:
                found = AGAIN.fullmatch(one["name"])
                if found is None or not one["name"].startswith(BEGIN) or one["stopDate"] < earliest:
                    continue
                tried = (int(found["number"] or 0), one["stopDate"], one["executionArn"])
                last[found["first"]] = max(tried, last.get(found["first"], tried))
            if any(one["stopDate"] < earliest for one in page["executions"]):  # the newest come first
                break
    return [arn for _, _, arn in sorted(last.values(), key=lambda one: one[1], reverse=True)]


def _described(sfn: Any, arns: Sequence[str]) -> Iterator[FailedArrival]:
    """What is known of executions that ended badly, without those of which another try goes on or has passed."""
    for arn in arns:
        execution = sfn.describe_execution(executionArn=arn)
        given = json.loads(execution.get("input") or "{}")
        one = FailedArrival(
            arn=arn,
            name=execution["name"],
            image=f"s3://{given.get('s3_bucket')}/{given.get('s3_key')}",
            error=execution.get("error") or execution["status"],
            cause=execution.get("cause") or "",
            ended=execution["stopDate"].astimezone(UTC),
            redrivable=execution["status"] != "FAILED" and execution.get("redriveStatus") == "REDRIVABLE",
            input=execution.get("input") or "{}",
        )
        try:
            sfn.describe_execution(executionArn=f"{arn.rpartition(':')[0]}:{one.next_name}")
        except sfn.exceptions.ExecutionDoesNotExist:
            yield one


def retry(
    sqs: Any,
    sfn: Any,
    arrival: Mapping[str, Any],
    state_machine_arn: str,
    *,
    since: datetime,
    errors: Sequence[str] = (),
) -> Retried:
    """Move all dead letters back to their queues, and try failed executions again.

    An execution that was stopped or took too long goes on where it was (RedriveExecution). One that failed has ended in
    a Fail state, and a redrive would only enter this again. So its object gets another execution, with the same input
    and the name of the first one with a number. Step Functions starts a name once, so two callers start one.

    Args:
        sqs: A boto3 SQS client.
        sfn: A boto3 Step Functions client.
        arrival: The output ``arrival`` of the stack ``service``.
        since: Executions that ended earlier are left out.
        errors: Try the executions with these errors again. By default, those that another try could help.
    """
    moved = {}
    for name, queue in arrival["queues"].items():
        if dead := load(sqs, queue).dead:
            sqs.start_message_move_task(SourceArn=queue["dead_letters"]["arn"], DestinationArn=queue["arn"])
            moved[name] = dead
    redriven, started, refused = [], [], {}
    for one in _described(sfn, _ended(sfn, state_machine_arn, since)):
        if not (one.error in errors if errors else one.may_pass):
            continue
        try:
            if one.redrivable:
                sfn.redrive_execution(executionArn=one.arn)
                redriven.append(one.name)
            else:
                sfn.start_execution(stateMachineArn=state_machine_arn, name=one.next_name, input=one.input)
                started.append(one.next_name)
        except ClientError as error:
            refused[one.name] = str(error)
    return Retried(moved, tuple(redriven), tuple(started), refused)
