"""Publish wants a topic that exists, and attributes with values. It numbers the messages of a FIFO topic.

moto: ``sns/models.py``, ``SNSBackend.publish`` takes a topic that does not exist for a platform's endpoint, and a
missing MessageGroupId is a MissingParameter. It fails without any topic. ``sns/responses.py``, ``SNSResponse.publish``
has no SequenceNumber. ``_transform_message_attributes`` takes an attribute without a value.

AWS (its recorded answers): NotFound, "Topic does not exist"; InvalidParameter, "Invalid parameter: The MessageGroupId
parameter is required for FIFO topics"; and "Invalid parameter: TopicArn or TargetArn Reason: no value for required
parameter". SequenceNumber has 20 digits and grows (Amazon SNS API Reference, Publish).
"""

from __future__ import annotations

import itertools
from typing import Any

from moto.core.responses import ActionResult
from moto.sns.exceptions import InvalidParameterValue
from moto.sns.models import SNSBackend
from moto.sns.responses import SNSResponse

FIRST_NUMBER = 10_000_000_000_000_000_000


def apply() -> None:
    """Wrap moto's functions."""
    publish, answer, transform = SNSBackend.publish, SNSResponse.publish, SNSResponse._transform_message_attributes
    numbers = itertools.count(FIRST_NUMBER)

    def checked(self: SNSBackend, message: str, arn: str | None, *further: Any, **named: Any) -> str:
        if not arn:
            raise InvalidParameterValue(
                "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"
            )
        if ":endpoint/" not in arn and self.get_topic(arn).fifo_topic and not named.get("group_id"):
            raise InvalidParameterValue("Invalid parameter: The MessageGroupId parameter is required for FIFO topics")
        return str(publish(self, message, arn, *further, **named))

    def numbered(self: SNSResponse) -> ActionResult:
        answered = answer(self)
        topic = self._get_param("TopicArn") or self._get_param("TargetArn") or ""
        if topic.endswith(".fifo"):
            answered.result["SequenceNumber"] = str(next(numbers))
        return answered

    def with_values(self: SNSResponse, given: dict[str, Any]) -> Any:
        for name, value in given.items():
            if not (value.get("StringValue") or value.get("BinaryValue")):
                raise InvalidParameterValue(
                    f"The message attribute '{name}' must contain non-empty message attribute value for message "
                    f"attribute type '{value.get('DataType')}'."
                )
        return transform(self, given)

    SNSBackend.publish, SNSResponse.publish = checked, numbered
    SNSResponse._transform_message_attributes = with_values
