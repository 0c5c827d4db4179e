"""Reads queues without taking their messages.

Example::

    >>> body = {"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": "in/a.png"}}}
    >>> subject(json.dumps(body)), subject("{")
    ('s3://b/in/a.png', 'a message that is no event')
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# ReceiveMessage gives ten at most, and a person reads no more than some dozens.
_AT_ONCE, MOST = 10, 50
EMPTY = 2  # answers without a message, after which there is none
HELD_SECONDS = 20


@dataclass(frozen=True)
class QueueLoad:
    """How full a queue is. SQS counts approximately.

    Attributes:
        visible: The messages that wait.
        in_flight: The messages that a function works on.
        dead: The messages that were given up.
    """

    visible: int
    in_flight: int
    dead: int


@dataclass(frozen=True)
class DeadLetter:
    """A message that was tried again and again, and given up.

    Attributes:
        queue: ``arrivals`` or ``endings``.
        subject: The object or execution that it is about.
        sent: When it was sent first, in UTC.
        tries: How often it was received, from its own queue and here.
    """

    queue: str
    subject: str
    sent: datetime
    tries: int


def load(sqs: Any, queue: Mapping[str, Any]) -> QueueLoad:
    """How full a queue and that of its dead letters are.

    Args:
        sqs: A boto3 SQS client.
        queue: One of the stack's output ``arrival.queues``.
    """
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    own = sqs.get_queue_attributes(QueueUrl=queue["url"], AttributeNames=names)["Attributes"]
    dead = sqs.get_queue_attributes(QueueUrl=queue["dead_letters"]["url"], AttributeNames=names[:1])["Attributes"]
    return QueueLoad(int(own[names[0]]), int(own[names[1]]), int(dead[names[0]]))


def letters(sqs: Any, name: str, queue: Mapping[str, Any]) -> list[DeadLetter]:
    """Up to 50 of a queue's dead letters, the oldest first. They stay where they are, and are visible again at once.

    Args:
        sqs: A boto3 SQS client.
        name: The queue's name in the output ``arrival.queues``.
    """
    url = queue["dead_letters"]["url"]
    found: dict[str, DeadLetter] = {}
    held: list[list[dict[str, str]]] = []
    empty = 0
    while len(found) < MOST and empty < EMPTY:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(_AT_ONCE, MOST - len(found)),
            WaitTimeSeconds=1,  # a short poll asks only some of SQS's servers
            VisibilityTimeout=HELD_SECONDS,  # else the same ones would come again
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
        )
        if not (messages := answer.get("Messages", [])):
            empty += 1
            continue
        for one in messages:
            sent = datetime.fromtimestamp(int(one["Attributes"]["SentTimestamp"]) / 1000, UTC)
            tries = int(one["Attributes"]["ApproximateReceiveCount"])
            found[one["MessageId"]] = DeadLetter(name, subject(one["Body"]), sent, tries)
        held.append([{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)])
    for entries in held:
        given_back = [{**one, "VisibilityTimeout": 0} for one in entries]
        sqs.change_message_visibility_batch(QueueUrl=url, Entries=given_back)
    return sorted(found.values(), key=lambda one: one.sent)


def subject(body: str) -> str:
    """The object or execution that a message is about."""
    try:
        detail = json.loads(body)["detail"]
        if "executionArn" in detail:
            return f"execution {detail['name']}"
        return f"s3://{detail['bucket']['name']}/{detail['object']['key']}"
    except (KeyError, TypeError, ValueError):
        return "a message that is no event"
