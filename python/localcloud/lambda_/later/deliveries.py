"""Sends what Lambda says of an event that has ended, in the name of the function's role.

A destination gets a record: a queue, a topic, a function, an event bus, and for failures a bucket. A dead-letter queue
or topic gets the event itself.

AWS: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations". The role needs sqs:SendMessage,
sns:Publish, lambda:InvokeFunction, events:PutEvents, or s3:PutObject and s3:ListBucket.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from localcloud.iam.acting import Acting
from localcloud.identifiers import new_uuid
from localcloud.lambda_.later import records
from localcloud.lambda_.later.accepted import AcceptedEvent

DEAD_LETTERS = ("sqs", "sns")
DESTINATIONS = ("sqs", "sns", "lambda", "events")
#: A bucket takes the records of failures only.
FAILURE_DESTINATIONS = (*DESTINATIONS, "s3")


class Undeliverable(Exception):
    """The target does not exist, or did not take the message."""


def service_of(arn: str) -> str:
    """The service of an ARN; an empty text if the text is none.

    Example::

        >>> service_of("arn:aws:sqs:us-east-1:123456789012:failed"), service_of("failed")
        ('sqs', '')
    """
    return (arn.split(":") + [""] * 3)[2]


def permit_configured(acting: Acting, arn: str) -> None:
    """Check that the role may send to a target that a function is given.

    A queue's or a topic's policy does not stand in for the role's (gmetzker/serverless-plugin-lambda-dead-letter, issue
    40, with an answer of AWS's support). When something is sent, it does, as with every request.

    Raises:
        AccessDenied: The role may not.
    """
    permit(acting, arn)
    if action := {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}.get(service_of(arn)):
        where = {"region": arn.split(":")[3], "session": acting.session}
        acting.roles.require_own(acting.role_arn, action, arn, **where)


def permit(acting: Acting, arn: str, *, key: str = "*") -> None:
    """Check that the role may send to a target.

    Args:
        acting: Lambda, acting in the function's role.
        arn: The target.
        key: The object's key, if the target is a bucket.

    Raises:
        AccessDenied: The role may not.
    """
    parts = arn.split(":")
    there = replace(acting, region=parts[3] or acting.region)
    match service_of(arn):
        case "sqs":
            there.call("sqs", "SendMessage", QueueUrl=f"https://sqs.{parts[3]}.amazonaws.com/{parts[4]}/{parts[5]}")
        case "sns":
            there.call("sns", "Publish", TopicArn=arn)
        case "lambda":
            there.call("lambda", "Invoke", FunctionName=arn)
        case "events":
            there.call("events", "PutEvents", Entries=[{"EventBusName": arn}])
        case "s3":
            there.call("s3", "PutObject", Bucket=parts[5], Key=key)
            there.require("s3:ListBucket", arn)


def exists(arn: str, *, account: str) -> bool:
    """Whether a target exists.

    Args:
        account: The account of a target whose ARN has none, such as a bucket's.
    """
    from moto.awslambda.exceptions import LambdaClientError
    from moto.awslambda.models import lambda_backends
    from moto.events.models import events_backends
    from moto.s3.models import s3_backends
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    _, _, service, region, owner, name, *_ = arn.split(":")
    account = owner or account
    match service:
        case "sqs":
            return name in sqs_backends[account][region].queues
        case "sns":
            return arn in sns_backends[account][region].topics
        case "lambda":
            try:
                lambda_backends[account][region].get_function(arn)
            except LambdaClientError:
                return False
            return True
        case "events":
            return name.removeprefix("event-bus/") in events_backends[account][region].event_buses
        case "s3":
            return name in s3_backends[account]["aws"].buckets
    return False


def send_record(
    acting: Acting, event: AcceptedEvent, arn: str, *, now: float, invoke: Callable[[str, str], Any]
) -> None:
    """Send the record of an event that has ended to a destination.

    Args:
        acting: Lambda, acting in the function's role.
        arn: The destination.
        now: The time, in seconds since 1970.
        invoke: Accepts an event for a function: its ARN and JSON text.

    Raises:
        AccessDenied: The role may not send it.
        Undeliverable: The destination does not exist, or did not take it.
    """
    from moto.events.models import events_backends
    from moto.s3.models import s3_backends

    key = records.object_key(event, now=now, unique=new_uuid())
    permit(acting, arn, key=key)
    text = json.dumps(records.record(event, now=now))
    parts = arn.split(":")
    match service_of(arn):
        case "sqs":
            _queue(arn, text, {})
        case "sns":
            _topic(arn, records.notification(event, now=now), {})
        case "lambda":
            invoke(arn, text)
        case "events":
            backend = events_backends[parts[4]][parts[3]]
            (answer,) = backend.put_events([records.bus_event(event, arn, now=now)])
            if "ErrorCode" in answer:
                raise Undeliverable(f"{answer['ErrorCode']}: {answer['ErrorMessage']}")
        case "s3":
            s3_backends[acting.account]["aws"].put_object(parts[5], key, text.encode())
        case other:
            raise Undeliverable(f"{other} takes no records")


def send_dead_letter(acting: Acting, event: AcceptedEvent, arn: str) -> None:
    """Send an event that has failed to a dead-letter queue or topic.

    Raises:
        AccessDenied: The role may not send it.
        Undeliverable: The target does not exist, or did not take it.
    """
    permit(acting, arn)
    attributes = dict(records.dead_letter_attributes(event))
    match service_of(arn):
        case "sqs":
            _queue(arn, event.payload, attributes)
        case "sns":
            _topic(arn, event.payload, attributes)
        case other:
            raise Undeliverable(f"{other} takes no dead letters")


def _queue(arn: str, text: str, attributes: dict[str, tuple[str, str]]) -> None:
    from moto.sqs.models import sqs_backends

    region, account, name = arn.split(":")[3:6]
    given = {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in attributes.items()}
    sqs_backends[account][region].send_message(queue_name=name, message_body=text, message_attributes=given)


def _topic(arn: str, text: str, attributes: dict[str, tuple[str, str]]) -> None:
    from moto.sns.models import sns_backends

    region, account = arn.split(":")[3:5]
    given = {name: {"Type": kind, "Value": value} for name, (kind, value) in attributes.items()}
    sns_backends[account][region].publish(text, arn=arn, message_attributes=given)
