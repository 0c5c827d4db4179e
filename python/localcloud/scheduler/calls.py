"""Which operation of which service a schedule's target means, and with which parameters. Pure.

AWS: EventBridge Scheduler User Guide, "Using templated targets" and "Using universal targets". A universal target calls
any operation that changes something: ``arn:aws:scheduler:::aws-sdk:sqs:createQueue``.

Example::

    >>> target = {"Arn": "arn:aws:sns:us-east-1:123456789012:t"}
    >>> call_of(target, "hello", Registry())
    TargetCall(service='sns', operation='Publish', parameters={'TopicArn': 'arn:aws:sns:...:t', 'Message': 'hello'})
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model

from localcloud import incoming
from localcloud.iam.registry import Registry

#: boto3's names of services whose names in universal targets are others.
NAMES = {
    "eventbridge": "events",
    "sfn": "stepfunctions",
    "cloudwatchlogs": "logs",
    "sagemakerruntime": "sagemaker-runtime",
}
_UNIVERSAL = re.compile(r"arn:aws:scheduler:::aws-sdk:(?P<service>\w+):(?P<action>[a-z]\w*)")
_ARN = re.compile(r"arn:aws:(?P<service>[\w-]+):(?P<region>[\w-]*):(?P<account>\d*):(?P<rest>.+)")
KINDS = (
    "Lambda functions, SQS queues, SNS topics, state machines, event buses, and aws-sdk targets of services that it has"
)


class Uncallable(Exception):
    """The local cloud cannot call a target. The message names it."""


@dataclass(frozen=True)
class TargetCall:
    """One call, by botocore's names."""

    service: str
    operation: str
    parameters: dict[str, Any]


def call_of(
    target: Mapping[str, Any], text: str, registry: Registry, *, name: str = "", source: str = ""
) -> TargetCall:
    """The call of a target.

    Args:
        text: The input.
        registry: Knows the operations that can be called.
        name: The execution's name, if a state machine is started.
        source: The schedule's ARN.

    Raises:
        Uncallable: There is no such target, or the local cloud cannot call it.
    """
    arn = str(target["Arn"])
    if found := _UNIVERSAL.fullmatch(arn):
        return _universal(found["service"], found["action"], text, registry)
    found = _ARN.fullmatch(arn)
    if found is None:
        raise Uncallable(f"Provided Arn is not in correct format: {arn}")
    match found["service"], re.split("[:/]", found["rest"])[0]:
        case "lambda", "function":
            return TargetCall("lambda", "Invoke", {"FunctionName": arn, "InvocationType": "Event", "Payload": text})
        case "sqs", queue:
            group = (target.get("SqsParameters") or {}).get("MessageGroupId")
            if queue.endswith(".fifo") and not group:
                raise Uncallable(f"SqsParameters.MessageGroupId must be provided for the FIFO queue {arn}.")
            more = {"MessageGroupId": group} if group else {}
            return TargetCall("sqs", "SendMessage", {"QueueUrl": queue_url(arn), "MessageBody": text, **more})
        case "sns", _:
            return TargetCall("sns", "Publish", {"TopicArn": arn, "Message": text})
        case "states", "stateMachine":
            return TargetCall("stepfunctions", "StartExecution", {"stateMachineArn": arn, "name": name, "input": text})
        case "events", "event-bus":
            given = target.get("EventBridgeParameters")
            if not given:
                raise Uncallable(f"EventBridgeParameters must be provided for the event bus {arn}.")
            entry = {"Source": given["Source"], "DetailType": given["DetailType"], "Detail": text, "EventBusName": arn}
            return TargetCall("events", "PutEvents", {"Entries": [{**entry, "Resources": [source]}]})
    raise Uncallable(f"The local cloud cannot invoke the target {arn}: a schedule's targets here are {KINDS}.")


def _universal(service: str, action: str, text: str, registry: Registry) -> TargetCall:
    name, operation = NAMES.get(service, service), action[0].upper() + action[1:]
    what = f"aws-sdk:{service}:{action}"
    try:
        known = operation in get_service_model(name).operation_names
    except UnknownServiceError:
        known = False
    if not known:
        raise Uncallable(f"{what} is not an operation of an AWS service.")
    if incoming.reads(operation):
        raise Uncallable(f"{what} only reads, and a universal target must not.")
    if registry.needs(name, operation) is None:
        raise Uncallable(f"The local cloud cannot invoke {what}: it does not have this operation.")
    try:
        parameters = json.loads(text or "{}")
    except ValueError:
        raise Uncallable(f"The Input of {what} is not JSON.") from None
    if not isinstance(parameters, dict):
        raise Uncallable(f"The Input of {what} is not a JSON object.")
    return TargetCall(name, operation, parameters)


def queue_url(arn: str) -> str:
    """The address of a queue. A client exchanges its host for the cloud's.

    Example::

        >>> queue_url("arn:aws:sqs:us-east-1:123456789012:q")
        'https://sqs.us-east-1.amazonaws.com/123456789012/q'
    """
    region, account, name = arn.split(":")[3:6]
    return f"https://sqs.{region}.amazonaws.com/{account}/{name}"
