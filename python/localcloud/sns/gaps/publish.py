"""Publish wants a topic that exists, and attributes with values. A FIFO topic numbers messages, and sends each once.

moto: ``sns/models.py``, ``SNSBackend.publish`` takes a topic that does not exist for a platform's endpoint, and a
missing MessageGroupId is a MissingParameter. It fails without any topic. It sends duplicates, and gives a FIFO queue no
MessageDeduplicationId if the topic makes it of the content. ``SNSBackend.publish_batch`` loses an entry with a subject
that is too long. ``sns/responses.py``, ``SNSResponse.publish`` and ``publish_batch`` have no SequenceNumber.
``_transform_message_attributes`` takes an attribute without a value.

AWS (its recorded answers): NotFound, "Topic does not exist"; InvalidParameter, "Invalid parameter: The MessageGroupId
parameter is required for FIFO topics"; and "Invalid parameter: TopicArn or TargetArn Reason: no value for required
parameter". SequenceNumber has 20 digits and grows (Amazon SNS API Reference, Publish). A message with the same
MessageDeduplicationId is accepted and not delivered for five minutes; content-based deduplication uses SHA-256 of the
message (Amazon SNS Developer Guide, "Amazon SNS message deduplication for FIFO topics").
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.sns.exceptions import InvalidParameterValue
from moto.sns.models import SNSBackend, Topic
from moto.sns.responses import SNSResponse

FIRST_NUMBER = 10_000_000_000_000_000_000
DEDUPLICATION_SECONDS = 300


def apply() -> None:
    """Wrap moto's functions."""
    publish, answer, answer_batch = SNSBackend.publish, SNSResponse.publish, SNSResponse.publish_batch
    transform = SNSResponse._transform_message_attributes
    lock = threading.Lock()

    def checked(self: SNSBackend, message: str, arn: str | None, *further: Any, **named: Any) -> str:
        if not arn:
            raise InvalidParameterValue(
                "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"
            )
        topic = None if ":endpoint/" in arn else self.get_topic(arn)

        def send() -> str:
            try:
                return str(publish(self, message, arn, *further, **named))
            except ValueError as error:
                raise InvalidParameterValue(f"Invalid parameter: {error}") from None

        if topic is None or not topic.fifo_topic:
            return send()
        if not named.get("group_id"):
            raise InvalidParameterValue("Invalid parameter: The MessageGroupId parameter is required for FIFO topics")
        if topic.content_based_deduplication and not named.get("deduplication_id"):
            named["deduplication_id"] = hashlib.sha256(message.encode()).hexdigest()
        with lock:
            return _once(topic, named.get("deduplication_id"), send)

    def numbered(self: SNSResponse) -> ActionResult:
        answered = answer(self)
        _number(self, self._get_param("TopicArn") or self._get_param("TargetArn"), answered.result)
        return answered

    def numbered_batch(self: SNSResponse) -> ActionResult:
        answered = answer_batch(self)
        for one in answered.result["Successful"]:
            _number(self, self._get_param("TopicArn"), one)
        return answered

    def with_values(self: SNSResponse, given: dict[str, Any]) -> Any:
        for name, value in given.items():
            if not (value.get("StringValue") or value.get("BinaryValue")):
                raise InvalidParameterValue(
                    f"The message attribute '{name}' must contain non-empty message attribute value for message "
                    f"attribute type '{value.get('DataType')}'."
                )
        return transform(self, given)

    SNSBackend.publish = checked
    SNSResponse.publish, SNSResponse.publish_batch = numbered, numbered_batch
    SNSResponse._transform_message_attributes = with_values


def _once(topic: Topic, name: str | None, send: Callable[[], str]) -> str:
    """Send a message of a FIFO topic, unless it was sent in the last five minutes. Returns the message's id.

    Args:
        name: The MessageDeduplicationId. None is refused by ``send``.
    """
    known: dict[str | None, tuple[float, str, int]] = topic.__dict__.setdefault("deduplicated", {})
    now = time.time()
    for old in [one for one, (when, *_) in known.items() if when < now - DEDUPLICATION_SECONDS]:
        del known[old]
    if name not in known:
        identity = send()
        number = topic.__dict__["sequence"] = topic.__dict__.get("sequence", FIRST_NUMBER) + 1
        known[name] = now, identity, number
    return known[name][1]


def _number(response: SNSResponse, arn: str | None, result: dict[str, Any]) -> None:
    """Give the answer for a message of a FIFO topic its SequenceNumber."""
    topic = response.backend.topics.get(arn or "")
    known = topic.__dict__.get("deduplicated", {}) if topic is not None else {}
    for _, identity, number in known.values():
        if identity == result["MessageId"]:
            result["SequenceNumber"] = str(number)
