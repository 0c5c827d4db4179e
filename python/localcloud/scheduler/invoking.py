"""Calls a schedule's target in its role's name, over HTTP, as every client of the cloud does: so the role is judged.

AWS: EventBridge Scheduler User Guide, "Setting up the execution role", "Configuring a dead-letter queue" and "Adding
context attributes". The role also sends to the dead-letter queue.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from botocore.config import Config

from localcloud.context import Context
from localcloud.events.failures import Undelivered, Unsendable
from localcloud.events.pending import Delivery
from localcloud.roleclients import RoleClients
from localcloud.scheduler.calls import TargetCall, Uncallable, call_of, queue_url
from localcloud.scheduler.checks import SERVICE

CONFIG = Config(
    inject_host_prefix=False,  # the cloud has one host
    retries={"total_max_attempts": 1},  # the schedule's RetryPolicy retries
    connect_timeout=10,
    read_timeout=60,
)
CONTEXT = re.compile(r"<aws\.scheduler\.(schedule-arn|scheduled-time|execution-id|attempt-number)>")


class Invocations:
    """Carries the firings of schedules to their targets."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._clients = RoleClients(context.endpoint, CONFIG)

    def carry(self, delivery: Delivery) -> None:
        """Call the target once.

        Raises:
            Exception: Whatever the call raises.
        """
        call = self._call(delivery)
        try:
            answer = self._answer(delivery, call)
        except Exception as error:
            if (getattr(error, "response", None) or {}).get("Error", {}).get("Code") == "ExecutionAlreadyExists":
                return  # it has arrived, and the cloud was killed before that was noted
            raise
        if answer.get("FailedEntryCount"):
            raise Unsendable(answer["Entries"][0].get("ErrorMessage", "the event was not accepted"))

    def bury(self, delivery: Delivery, failure: Undelivered, limit: str | None) -> None:
        """Send a call that never succeeded to the schedule's dead-letter queue."""
        queue = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return
        attributes = {
            "ERROR_CODE": failure.own or failure.code,
            "ERROR_MESSAGE": failure.message,
            "EXECUTION_ID": delivery.name,
            "EXHAUSTED_RETRY_CONDITION": limit or "MaximumRetryAttempts",
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(delivery.attempts),
            "SCHEDULED_TIME": _moment(delivery.event["time"]),
            "SCHEDULE_ARN": delivery.origin.arn,
            "TARGET_ARN": delivery.target["Arn"],
        }
        typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        try:
            body = json.dumps(self._call(delivery).parameters)
        except Uncallable:
            body = delivery.target.get("Input") or "{}"
        given = {"QueueUrl": queue_url(queue), "MessageBody": body, "MessageAttributes": typed}
        self._answer(delivery, TargetCall("sqs", "SendMessage", given), region=queue.split(":")[3])

    def _call(self, delivery: Delivery) -> TargetCall:
        text = input_of(delivery)
        registry = self._context.registry
        return call_of(delivery.target, text, registry, name=delivery.name, source=delivery.origin.arn)

    def _answer(self, delivery: Delivery, call: TargetCall, *, region: str | None = None) -> dict[str, Any]:
        origin, role = delivery.origin, delivery.target["RoleArn"]
        group = origin.arn.replace(":schedule/", ":schedule-group/").rpartition("/")[0]
        keys = self._context.roles.mint(role, SERVICE, "scheduler", source_arn=group)
        client = self._clients.of(call.service, region or _region(delivery.target["Arn"]) or origin.region, keys)
        answer: dict[str, Any] = client._make_api_call(call.operation, dict(call.parameters))
        return answer


def input_of(delivery: Delivery) -> str:
    """The input of a firing, with its context attributes; Scheduler's own event if the target has none.

    A universal target without an input is called without parameters.
    """
    values = {
        "schedule-arn": delivery.origin.arn,
        "scheduled-time": _moment(delivery.event["time"]),
        "execution-id": delivery.name,
        "attempt-number": str(delivery.attempts + 1),
    }
    given = delivery.target.get("Input")
    if given:
        return CONTEXT.sub(lambda found: values[found[1]], given)
    if ":aws-sdk:" in delivery.target["Arn"]:
        return "{}"
    origin = delivery.origin
    event = {
        "version": "0",
        "id": delivery.name,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": origin.account,
        "time": values["scheduled-time"],
        "region": origin.region,
        "resources": [origin.arn],
        "detail": "{}",
    }
    return json.dumps(event)


def _region(arn: str) -> str:
    return arn.split(":")[3]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
