"""A queue has AWS's attributes with AWS's values only. It keeps its policy when other attributes are set.

moto: ``sqs/models.py``, ``Queue._set_attributes`` drops the policy if SetQueueAttributes does not name it.
It takes any attribute and any number, and fails on a text that is none. ``Queue.attributes`` writes RedrivePolicy with
spaces, so Terraform plans to change it again and again. ``SQSBackend.list_queues`` takes a prefix for a regular
expression.

AWS: SetQueueAttributes sets only the given attributes (Amazon SQS API Reference). RedrivePolicy is compact JSON. The
reference has the values; its answers are InvalidAttributeName, "Unknown Attribute Colour.", and InvalidAttributeValue,
"Invalid value for the parameter DelaySeconds."

Example::

    >>> refused("DelaySeconds", "901", fifo=False)
    ('InvalidAttributeValue', 'Invalid value for the parameter DelaySeconds.')
    >>> refused("DeduplicationScope", "queue", fifo=False)
    ('InvalidAttributeName', 'You can specify the DeduplicationScope only when FifoQueue is set to true.')
    >>> refused("DelaySeconds", "900", fifo=False) is None
    True
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.sqs.exceptions import SQSException
from moto.sqs.models import Queue, SQSBackend

#: The least and the most of each number.
NUMBERS = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
BOOLEANS = ("ContentBasedDeduplication", "FifoQueue", "SqsManagedSseEnabled")
CHOICES = {"DeduplicationScope": ("messageGroup", "queue"), "FifoThroughputLimit": ("perMessageGroupId", "perQueue")}
TEXTS = ("KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy")
FIFO_ONLY = ("ContentBasedDeduplication", *CHOICES)


def apply() -> None:
    """Wrap moto's functions."""
    set_all, described = Queue._set_attributes, Queue.attributes.fget
    create, set_some = SQSBackend.create_queue, SQSBackend.set_queue_attributes

    def list_queues(self: SQSBackend, queue_name_prefix: str | None) -> list[Queue]:
        return [queue for name, queue in self.queues.items() if name.startswith(queue_name_prefix or "")]

    def create_queue(self: SQSBackend, name: str, tags: dict[str, str] | None = None, **given: Any) -> Queue:
        _check({key: value for key, value in given.items() if key != "region"}, fifo=_true(given.get("FifoQueue")))
        made: Queue = create(self, name, tags, **given)
        return made

    def set_queue_attributes(self: SQSBackend, queue_name: str, attributes: dict[str, Any]) -> Queue:
        _check(attributes, fifo=bool(self.get_queue(queue_name).fifo_queue))
        found: Queue = set_some(self, queue_name, attributes)
        return found

    def _set_attributes(self: Queue, attributes: dict[str, Any], now: float | None = None) -> None:
        kept = getattr(self, "policy", None)
        set_all(self, attributes, now)
        if "Policy" not in attributes:
            self.policy = kept

    def attributes(self: Queue) -> dict[str, Any]:
        found = described(self)
        if self.redrive_policy:
            found["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
        return found

    SQSBackend.list_queues = list_queues
    Queue._set_attributes = _set_attributes
    Queue.attributes = property(attributes)
    SQSBackend.create_queue, SQSBackend.set_queue_attributes = create_queue, set_queue_attributes


def refused(name: str, value: Any, *, fifo: bool) -> tuple[str, str] | None:
    """Why an attribute is refused: AWS's code and words. None if it is taken.

    Args:
        fifo: Whether it is a FIFO queue's.
    """
    if name not in (*NUMBERS, *BOOLEANS, *CHOICES, *TEXTS):
        return "InvalidAttributeName", f"Unknown Attribute {name}."
    if name in FIFO_ONLY and not fifo:
        return "InvalidAttributeName", f"You can specify the {name} only when FifoQueue is set to true."
    text = str(value)
    if name in NUMBERS:
        least, most = NUMBERS[name]
        good = text.isascii() and text.isdigit() and least <= int(text) <= most
    else:
        allowed = ("true", "false") if name in BOOLEANS else CHOICES.get(name)
        good = allowed is None or (text.lower() if name in BOOLEANS else text) in allowed
    return None if good else ("InvalidAttributeValue", f"Invalid value for the parameter {name}.")


def _check(attributes: Mapping[str, Any], *, fifo: bool) -> None:
    for name, value in attributes.items():
        if why := refused(name, value, fifo=fifo):
            raise SQSException(*why)


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
