"""A message has a body and attributes that AWS takes, and is no longer than its queue allows.

moto: ``sqs/models.py``, ``SQSBackend.send_message`` takes an empty body, control characters, any number of attributes
and any text as a Number. It counts characters of the body, where AWS counts bytes of body and attributes.

AWS: Amazon SQS API Reference, SendMessage and SendMessageBatch; Amazon SQS Developer Guide, "Amazon SQS message
metadata". In a batch, a message whose contents are refused fails alone.

Example::

    >>> refused("hello", {"n": {"DataType": "Number", "StringValue": "abc"}})
    ('InvalidParameterValue', "Can't cast the value of message (user) attribute 'n' to a number.")
    >>> refused("hello", {"n": {"DataType": "Number.int", "StringValue": "1e5"}}) is None
    True
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.sqs.exceptions import SQSException
from moto.sqs.models import Message, Queue, SQSBackend

MOST_ATTRIBUTES = 10
RESERVED = ("aws.", "amazon.")
#: What XML has no character for.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
WORDS = (
    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
    "#x10000 to #x10FFFF"
)


def apply() -> None:
    """Wrap moto's functions."""
    send, send_batch = SQSBackend.send_message, SQSBackend.send_message_batch

    def send_message(
        self: SQSBackend,
        queue_name: str,
        message_body: str,
        message_attributes: dict[str, Any] | None = None,
        *further: Any,
        **named: Any,
    ) -> Message:
        if why := _unfit(self.get_queue(queue_name), message_body, message_attributes or {}):
            raise SQSException(*why)
        sent: Message = send(self, queue_name, message_body, message_attributes, *further, **named)
        return sent

    def send_message_batch(
        self: SQSBackend, queue_name: str, entries: dict[str, dict[str, Any]]
    ) -> tuple[list[Message], list[dict[str, Any]]]:
        queue, good, failed = self.get_queue(queue_name), {}, []
        for number, (key, entry) in enumerate(entries.items(), start=1):
            if not entry["MessageBody"]:
                place = f"SendMessageBatchRequestEntry.{number}.MessageBody"
                raise SQSException("MissingParameter", f"The request must contain the parameter {place}.")
            if why := _unfit(queue, entry["MessageBody"], entry.get("MessageAttributes") or {}):
                failed.append({"Id": entry["Id"], "SenderFault": True, "Code": why[0], "Message": why[1]})
            else:
                good[key] = entry
        sent, more = send_batch(self, queue_name, good) if good else ([], [])
        return sent, [*failed, *more]

    SQSBackend.send_message, SQSBackend.send_message_batch = send_message, send_message_batch


def refused(body: str, attributes: Mapping[str, Mapping[str, Any]]) -> tuple[str, str] | None:
    """Why a message is refused: AWS's code and words. None if it is taken.

    Args:
        attributes: Each with a DataType, and a StringValue or a BinaryValue.
    """
    if not body:
        return "MissingParameter", "The request must contain the parameter MessageBody."
    if FORBIDDEN.search(body):
        return "InvalidMessageContents", WORDS
    if len(attributes) > MOST_ATTRIBUTES:
        words = f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MOST_ATTRIBUTES}]."
        return "InvalidParameterValue", words
    return next((why for name, value in attributes.items() if (why := _wrong(name, value))), None)


def _wrong(name: str, value: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why an attribute is refused; None if it is taken."""
    kind = str(value.get("DataType") or "")
    given = value.get("BinaryValue" if kind.startswith("Binary") else "StringValue")
    words = ""
    if name.lower().startswith(RESERVED):
        words = (
            f"Message (user) attribute name '{name}' is invalid: you can't use attribute names that begin with 'AWS.' "
            "or 'Amazon.'"
        )
    elif not given:
        words = f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
    elif isinstance(given, str) and not kind.startswith("Binary") and FORBIDDEN.search(given):
        return "InvalidMessageContents", WORDS
    elif kind.partition(".")[0] == "Number" and not NUMBER.fullmatch(str(given)):
        words = f"Can't cast the value of message (user) attribute '{name}' to a number."
    return ("InvalidParameterValue", words) if words else None


def _unfit(queue: Queue, body: str, attributes: Mapping[str, Mapping[str, Any]]) -> tuple[str, str] | None:
    if why := refused(body, attributes):
        return why
    size, most = (
        _size(body) + sum(_size_of(name, value) for name, value in attributes.items()),
        queue.maximum_message_size,
    )
    if size > int(most):
        return (
            "InvalidParameterValue",
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.",
        )
    return None


def _size_of(name: str, value: Mapping[str, Any]) -> int:
    """The bytes of an attribute: its name, its type and its value."""
    parts = (name, value.get("DataType"), value.get("StringValue"), value.get("BinaryValue"))
    return sum(_size(part) for part in parts if part)


def _size(part: str | bytes) -> int:
    return len(part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part)
