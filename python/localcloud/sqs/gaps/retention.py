"""A queue forgets messages after its retention period, and receipt handles after a number of deletions.

moto: ``sqs/models.py``, ``SQSBackend.receive_message`` does not return an expired message, nor those behind it, and no
one removes it. ``Queue.deleted_messages`` has the receipt handle of every deleted message, for ever.

AWS: MessageRetentionPeriod is "the length of time, in seconds, for which Amazon SQS retains a message"; it is four days
by default (Amazon SQS API Reference, SetQueueAttributes). A message may be deleted twice with the same receipt handle
(DeleteMessage); AWS does not say for how long.

Example::

    >>> handles = Handles()
    >>> handles.update(["first"])
    >>> handles.update(str(number) for number in range(MOST_HANDLES))
    >>> "first" in handles, "0" in handles
    (False, True)
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from moto.sqs.models import Message, Queue, SQSBackend

MOST_HANDLES = 10_000


class Handles:
    """The receipt handles of the messages that were deleted last. It is used as moto uses a set."""

    def __init__(self) -> None:
        self._handles: dict[str, None] = {}

    def __contains__(self, handle: object) -> bool:
        return handle in self._handles

    def update(self, handles: Iterable[str]) -> None:
        """Add handles, and forget the oldest ones."""
        self._handles.update(dict.fromkeys(handles))
        while len(self._handles) > MOST_HANDLES:
            del self._handles[next(iter(self._handles))]


def apply() -> None:
    """Wrap moto's functions."""
    make, add, receive = Queue.__init__, Queue.add_message, SQSBackend.receive_message

    def __init__(self: Queue, *given: Any, **named: Any) -> None:
        make(self, *given, **named)
        self.deleted_messages = Handles()

    def add_message(self: Queue, message: Message) -> None:
        _expire(self)
        add(self, message)

    def receive_message(self: SQSBackend, queue_name: str, *given: Any, **named: Any) -> list[Message]:
        _expire(self.get_queue(queue_name))
        found: list[Message] = receive(self, queue_name, *given, **named)
        return found

    Queue.__init__, Queue.add_message, SQSBackend.receive_message = __init__, add_message, receive_message


def _expire(queue: Queue) -> None:
    oldest = (time.time() - int(queue.message_retention_period)) * 1000
    with queue._messages_lock:
        # Messages are in the order in which they were sent, but for those of a dead-letter queue.
        if queue._messages and queue._messages[0].sent_timestamp < oldest:
            queue._messages = [one for one in queue._messages if one.sent_timestamp >= oldest]
            queue._pending_messages &= set(queue._messages)
