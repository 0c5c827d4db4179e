"""Messages are received in order, by one receiver at a time, and nobody waits in a loop.

moto: ``sqs/models.py``. Its functions use no lock, so a message that is sent while another is deleted can be lost. A
long poll of a FIFO queue with a blocked message group never sleeps. A duplicate is only noticed while its original is
in the queue. A message that moves to a deleted dead-letter queue is gone. Moved messages do not know whence they come.
A sender's header X-Amzn-Trace-Id is lost.

AWS: Amazon SQS Developer Guide. "FIFO queue delivery logic": the messages of a group are in order, and none is received
while an earlier one is in flight. "Exactly-once processing": a duplicate within five minutes is accepted and not
delivered. "Dead-letter queues": a message moves when its receive count exceeds maxReceiveCount; its count goes on, and
it has the attribute DeadLetterQueueSourceArn. "Short and long polling": a long poll ends with the first message. AWS
X-Ray Developer Guide, "Amazon SQS and AWS X-Ray": the header becomes the system attribute AWSTraceHeader.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import (
    DEDUPLICATION_TIME_IN_SECONDS,
    Message,
    Queue,
    SQSBackend,
    _filter_message_attributes,
    sqs_backends,
)

from localcloud import chain

if TYPE_CHECKING:
    from moto.sqs.responses import SQSResponse

#: A message's system attribute, which the header X-Amzn-Trace-Id sets too.
TRACE = "AWSTraceHeader"
FIRST_SEQUENCE_NUMBER = 18_849_496_460_467_696_128
SEQUENCE_STEP = 256


def apply() -> None:
    """Replace moto's functions."""
    Queue.add_message = _add
    Queue.arrive = _arrive
    Queue.delete_message = lambda self, handle: self.delete_messages([handle])
    Queue.delete_messages = _delete
    Queue.next_moment = _next_moment
    SQSBackend.receive_message = _receive
    SQSBackend.purge_queue = _locked(SQSBackend.purge_queue)
    SQSBackend.change_message_visibility = _locked(SQSBackend.change_message_visibility)


def apply_to_answers() -> None:
    """Wrap moto's answer. Its module is imported with the first request."""
    from moto.sqs.responses import SQSResponse

    SQSResponse.receive_message = _with_source(SQSResponse.receive_message)


def _add(queue: Queue, message: Message) -> None:
    """A sent message arrives, unless it is a duplicate. It has the sender's trace header."""
    if (trace := chain.current()) and TRACE not in (message.system_attributes or {}):
        kept = {"DataType": "String", "StringValue": trace}
        message.system_attributes = {**(message.system_attributes or {}), TRACE: kept}
    with queue._messages_lock:
        if queue.fifo_queue:
            known = queue.__dict__.setdefault("deduplicated", {})
            oldest = message.sent_timestamp - DEDUPLICATION_TIME_IN_SECONDS * 1000
            for key in [key for key, (when, *_) in known.items() if when < oldest]:
                del known[key]
            scope = message.group_id if queue.deduplication_scope == "messageGroup" else None
            if message.deduplication_id and (original := known.get((scope, message.deduplication_id))):
                _, message.id, message.sequence_number = original
                return
        queue.arrive(message)
        if queue.fifo_queue and message.deduplication_id:
            known[scope, message.deduplication_id] = message.sent_timestamp, message.id, message.sequence_number


def _arrive(queue: Queue, message: Message) -> None:
    """Put a message at the end, and wake those who wait for it."""
    with queue._messages_lock:
        if queue.fifo_queue:
            number = queue.__dict__["sequence"] = queue.__dict__.get("sequence", 0) + 1
            message.sequence_number = str(FIRST_SEQUENCE_NUMBER + SEQUENCE_STEP * number)
        queue._messages.append(message)
        queue._messages_lock.notify_all()


def _delete(queue: Queue, handles: Iterable[str]) -> None:
    """Delete the messages with these receipt handles. Handles of messages that were deleted before do nothing.

    Raises:
        ReceiptHandleIsInvalid: A handle is none of this queue's. The others' messages are deleted all the same.
    """
    wanted = {handle for handle in handles if handle not in queue.deleted_messages}
    with queue._messages_lock:
        left, found = [], set()
        for message in queue._messages:
            if mine := wanted.intersection(message.all_receipt_handles):
                found |= mine
                queue.deleted_messages.update(message.all_receipt_handles)
            else:
                left.append(message)
        queue._messages = left
        queue._messages_lock.notify_all()
    if wanted - found:
        raise ReceiptHandleIsInvalid()


def _receive(
    self: SQSBackend,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Message]:
    queue = self.get_queue(queue_name)
    end = time.time() + wait_seconds_timeout
    while True:
        with queue._messages_lock:
            taken, moved = _taken(queue, count, int(visibility_timeout or 0), time.time() * 1000)
            if not taken and not moved and time.time() < end and self.queues.get(queue_name) is queue:
                _wait(queue, end)
                continue
        for dead, message in moved:  # without the lock: two queues may be the dead-letter queues of each other
            dead.arrive(message)
        if taken or time.time() >= end:
            break
    found = [copy.copy(message) for message in taken]
    for message in found:
        _filter_message_attributes(message, message_attribute_names or [])
    return found


def _wait(queue: Queue, end: float) -> None:
    """Sleep until something changes, a message becomes visible, or the time is over."""
    moment = _next_moment(queue)
    until = end if moment is None else min(end, moment)
    queue._messages_lock.wait(max(0.001, until - time.time()))


def _taken(
    queue: Queue, count: int, visibility_timeout: int, now: float
) -> tuple[list[Message], list[tuple[Queue, Message]]]:
    """Receive messages, take out those that go to the dead-letter queue, and forget those that are too old.

    Args:
        now: Milliseconds since 1970.
    """
    oldest = now - int(queue.message_retention_period) * 1000
    dead, most = _dead_letters(queue)
    waiting = [message for message in queue._messages if message.sent_timestamp >= oldest]
    blocked = _blocked(queue, waiting, now)
    taken: list[Message] = []
    moved: list[tuple[Queue, Message]] = []
    left = []
    for message in waiting:
        free = len(taken) < count and _visible_at(message) <= now and message.group_id not in blocked
        if free and dead is not None and _receives(message) >= most:
            moved.append((dead, _buried(message, queue, dead, now)))
            continue
        left.append(message)
        if free:
            message.mark_received(visibility_timeout=visibility_timeout)
            taken.append(message)
    if len(left) < len(queue._messages):
        queue._messages = left
    return taken, moved


def _visible_at(message: Message) -> float:
    moment: float = max(message.visible_at, message.delayed_until)
    return moment


def _blocked(queue: Queue, messages: list[Message], now: float) -> set[str | None]:
    """The message groups of a FIFO queue of which a message is in flight or delayed."""
    return {message.group_id for message in messages if _visible_at(message) > now} if queue.fifo_queue else set()


def _receives(message: Message) -> int:
    """How often a message was received from the queue that it is in."""
    return message.approximate_receive_count - message.__dict__.get("received_elsewhere", 0)


def _dead_letters(queue: Queue) -> tuple[Queue | None, int]:
    """The dead-letter queue, if it exists, and how often a message is received before it goes there."""
    policy = queue.redrive_policy
    if not policy:
        return None, 0
    _, _, _, region, account, name = policy["deadLetterTargetArn"].split(":")
    return sqs_backends[account][region].queues.get(name), int(policy["maxReceiveCount"])


def _buried(message: Message, queue: Queue, dead: Queue, now: float) -> Message:
    """A message as it arrives in a dead-letter queue. In a FIFO queue, its age begins anew."""
    message.received_elsewhere = message.approximate_receive_count
    message.dead_letter_source_arn = queue.queue_arn
    message.visible_at = message.delayed_until = 0.0
    if dead.fifo_queue:
        message.sent_timestamp = int(now)
    return message


def _next_moment(queue: Queue) -> float | None:
    """When the next message can be received, in seconds since 1970. None if there is none."""
    now = time.time() * 1000
    with queue._messages_lock:
        blocked = _blocked(queue, queue._messages, now)
        moments = [
            _visible_at(message)
            for message in queue._messages
            if _visible_at(message) > now or message.group_id not in blocked
        ]
    return min(moments) / 1000 if moments else None


def _locked(change: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a queue that nobody disturbs. Those who wait for messages look again."""

    def run(self: SQSBackend, queue_name: str, *given: Any, **named: Any) -> Any:
        queue = self.get_queue(queue_name)
        with queue._messages_lock:
            done = change(self, queue_name, *given, **named)
            queue._messages_lock.notify_all()
        return done

    return run


def _with_source(receive: Callable[[SQSResponse], Any]) -> Callable[[SQSResponse], Any]:
    """ReceiveMessage that answers DeadLetterQueueSourceArn, too."""

    def receive_message(self: SQSResponse) -> Any:
        answer = receive(self)
        asked = {*self._get_param("AttributeNames", []), *self._get_param("MessageSystemAttributeNames", [])}
        if asked & {"All", "DeadLetterQueueSourceArn"}:
            queue = self.sqs_backend.get_queue(self._get_queue_name())
            sources = {one.id: one.__dict__.get("dead_letter_source_arn") for one in list(queue._messages)}
            for message in answer.result.get("Messages", []):
                if source := sources.get(message["MessageId"]):
                    message.setdefault("Attributes", {})["DeadLetterQueueSourceArn"] = source
        return answer

    return receive_message
