"""A queue keeps its RedriveAllowPolicy, and a redrive policy is held against it.

moto: ``sqs/models.py`` takes any RedriveAllowPolicy, never answers it, and lets every queue use every other one as its
dead-letter queue. It takes any maxReceiveCount.

AWS: Amazon SQS API Reference, SetQueueAttributes: redrivePermission is allowAll, denyAll or byQueue; sourceQueueArns
has up to ten ARNs and only goes with byQueue. The dead-letter queue of a FIFO queue is a FIFO queue, that of a standard
queue a standard queue. maxReceiveCount is 1 to 1,000. AWS does not document the words of these refusals.

Example::

    >>> refused('{"redrivePermission": "byQueue"}')
    'sourceQueueArns must have 1 to 10 ARNs with redrivePermission byQueue'
    >>> refused('{"redrivePermission": "denyAll"}') is None
    True
"""

from __future__ import annotations

import json
from typing import Any

from moto.sqs.exceptions import InvalidParameterValue
from moto.sqs.models import Queue, sqs_backends

NAME = "RedriveAllowPolicy"
PERMISSIONS = ("allowAll", "denyAll", "byQueue")
MOST_SOURCES = 10
MOST_RECEIVES = 1000


def apply() -> None:
    """Wrap moto's functions."""
    set_all, set_up = Queue._set_attributes, Queue._setup_dlq
    Queue.redrive_allow_policy = None
    if NAME not in Queue.BASE_ATTRIBUTES:
        Queue.BASE_ATTRIBUTES.append(NAME)

    def _set_attributes(self: Queue, attributes: dict[str, Any], now: float | None = None) -> None:
        given = attributes.get(NAME)
        if given:
            if why := refused(given):
                raise InvalidParameterValue(f"Value {given} for parameter {NAME} is invalid. Reason: {why}.")
            attributes = {**attributes, NAME: json.dumps(json.loads(given), separators=(",", ":"))}
        elif given == "":
            attributes = {**attributes, NAME: None}
        set_all(self, attributes, now)

    def _setup_dlq(self: Queue, policy: Any) -> None:
        if isinstance(policy, str) and policy and (why := misshapen(policy)):
            raise InvalidParameterValue(f"Value {policy} for parameter RedrivePolicy is invalid. Reason: {why}.")
        before = getattr(self, "redrive_policy", None), self.dead_letter_queue
        try:
            set_up(self, policy)
            if self.redrive_policy and (why := _unfit(self, self.redrive_policy)):
                words = (
                    f"Value {json.dumps(self.redrive_policy)} for parameter RedrivePolicy is invalid. Reason: {why}."
                )
                raise InvalidParameterValue(words)
        except Exception:
            self.redrive_policy, self.dead_letter_queue = before
            raise

    Queue._set_attributes, Queue._setup_dlq = _set_attributes, _setup_dlq


def misshapen(text: str) -> str | None:
    """Why a text is no RedrivePolicy. None if it is one. ``{}`` takes the policy away.

    Example::

        >>> misshapen('{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": "many"}')
        'Invalid value for maxReceiveCount: many, valid values are from 1 to 1000'
    """
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        policy = None
    if not isinstance(policy, dict):
        return "Redrive policy is not a valid JSON map"
    for name in ("deadLetterTargetArn", "maxReceiveCount") if policy else ():
        if name not in policy:
            return f"Redrive policy does not contain mandatory attribute: {name}"
    arn, count = str(policy.get("deadLetterTargetArn")), str(policy.get("maxReceiveCount"))
    if policy and (arn.split(":")[:3] != ["arn", "aws", "sqs"] or arn.count(":") != 5):
        return "Invalid value for deadLetterTargetArn"
    if policy and not (count.isascii() and count.isdigit()):
        return f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to {MOST_RECEIVES}"
    return None


def refused(text: str) -> str | None:
    """Why a RedriveAllowPolicy is refused. None if it is taken."""
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if not isinstance(policy, dict) or policy.get("redrivePermission") not in PERMISSIONS:
        return f"redrivePermission must be one of {', '.join(PERMISSIONS)}"
    sources = policy.get("sourceQueueArns")
    if policy["redrivePermission"] != "byQueue":
        return "sourceQueueArns is only allowed with redrivePermission byQueue" if sources is not None else None
    if not isinstance(sources, list) or not 1 <= len(sources) <= MOST_SOURCES:
        return f"sourceQueueArns must have 1 to {MOST_SOURCES} ARNs with redrivePermission byQueue"
    return None


def _unfit(queue: Queue, policy: dict[str, Any]) -> str | None:
    """Why a queue may not have a redrive policy. None if it may."""
    if not 1 <= policy["maxReceiveCount"] <= MOST_RECEIVES:
        return f"Invalid value for maxReceiveCount: {policy['maxReceiveCount']}, valid values are from 1 to 1000"
    _, _, _, region, account, name = policy["deadLetterTargetArn"].split(":")
    dead = sqs_backends[account][region].queues.get(name)
    if dead is None:
        return "Dead letter target does not exist"
    if bool(dead.fifo_queue) != bool(queue.fifo_queue):
        return "Dead-letter queue must be same type of queue as the source"
    allowed = json.loads(dead.redrive_allow_policy or '{"redrivePermission": "allowAll"}')
    if allowed["redrivePermission"] == "denyAll" or queue.queue_arn not in allowed.get(
        "sourceQueueArns", [queue.queue_arn]
    ):
        return "the dead-letter queue's RedriveAllowPolicy does not allow this source queue"
    return None
