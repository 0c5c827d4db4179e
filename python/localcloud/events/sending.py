"""Hands a text to a target in the cloud's own process: a queue, a topic, or a log group.

Nothing here checks permissions. Whatever the target's service raises is a failed attempt.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from localcloud.events.failures import Unsendable


def to_queue(arn: str, text: str, *, group: str | None = None, attributes: dict[str, str] | None = None) -> None:
    """Send a message to a queue.

    Args:
        group: The MessageGroupId.
        attributes: Message attributes of the type String.

    Raises:
        Unsendable: A FIFO queue without content-based deduplication: there is no MessageDeduplicationId.
    """
    from moto.sqs.models import sqs_backends

    region, account, name = arn.split(":")[3:]
    backend = sqs_backends[account][region]
    if name.endswith(".fifo") and backend.get_queue(name).attributes.get("ContentBasedDeduplication") != "true":
        raise Unsendable(f"The queue {name} needs ContentBasedDeduplication")
    typed = {key: {"DataType": "String", "StringValue": value} for key, value in (attributes or {}).items()}
    backend.send_message(queue_name=name, message_body=text, message_attributes=typed, group_id=group)


def to_topic(arn: str, text: str, *, subject: str | None = None) -> None:
    """Publish a message to a topic."""
    from moto.sns.models import sns_backends

    region, account = arn.split(":")[3:5]
    sns_backends[account][region].publish(text, arn=arn, subject=subject)


def to_log_group(arn: str, text: str, *, shaped: bool) -> None:
    """Write an event to a log stream of its own, as EventBridge does.

    Args:
        shaped: Whether the text is a template's ``{"timestamp": …, "message": …}``.

    Raises:
        Unsendable: A shaped text has another form.
    """
    from moto.logs.models import logs_backends

    region, account = arn.split(":")[3:5]
    group, stream = log_group(arn), str(uuid.uuid4())
    entry: dict[str, Any] = {"timestamp": int(time.time() * 1000), "message": text}
    if shaped:
        entry = _shaped(text)
    backend = logs_backends[account][region]
    backend.create_log_stream(group, stream)
    backend.put_log_events(group, stream, [entry])


def log_group(arn: str) -> str:
    """The name of a log group in its ARN.

    Example::

        >>> log_group("arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/all:*")
        '/aws/events/all'
    """
    return arn.split(":", 6)[6].removesuffix(":*")


def _shaped(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
        message = given["message"]
        return {
            "timestamp": int(given["timestamp"]),
            "message": message if isinstance(message, str) else json.dumps(message),
        }
    except (ValueError, KeyError, TypeError):
        raise Unsendable('A log group takes a template of the form {"timestamp": number, "message": text}') from None
