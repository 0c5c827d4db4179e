"""Carries out one event source mapping: receives messages, invokes the function, deletes what it has processed.

AWS: Lambda Developer Guide, "Using Lambda with Amazon SQS". Lambda receives messages up to the batch size, waits for
more during the batching window, and invokes the function once for each batch. If the function returns, the messages
are deleted. If it fails, they become visible again after the queue's visibility timeout. A throttled batch is tried
again until then. A queue is asked for messages in the name of the function's role.

A poller is a thread that sleeps until a message comes, the next message becomes visible, or a batch ends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from moto.awslambda.exceptions import LambdaClientError
from moto.sqs.exceptions import QueueDoesNotExist, ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, sqs_backends

from localcloud import chain
from localcloud import log as cloudlog
from localcloud.durability.backends import Backends
from localcloud.iam.roles import Roles
from localcloud.lambda_ import lineage
from localcloud.lambda_.sources.filters import matches
from localcloud.lambda_.sources.mappings import (
    BATCHES_AT_ONCE,
    DELETING,
    ENABLED,
    PASSING,
    REPORTS,
    QueueMapping,
    backend_of,
    held_by,
)
from localcloud.lambda_.sources.records import events, failed, record_of
from localcloud.lambda_.sources.requests import role_problem

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

#: After so many seconds, a mapping that does not get on looks again. Permissions tell nobody of a change.
LOOK_AGAIN_SECONDS = 5.0
#: How long it waits for further messages while a batch runs, before it receives fewer than a batch.
MOMENT_SECONDS = 0.05
#: How long a throttled batch waits before it is tried again: at first, and at most.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
NO_QUEUE = "the queue does not exist"
THROTTLED = "TooManyRequestsException"


class Deliver(Protocol):
    """Invokes a function."""

    def __call__(self, arn: str, event: Any, *, trace_header: str | None = None, dry: bool = False) -> bytes | None:
        """The function's answer; None if it has failed."""


@dataclass(frozen=True)
class Surroundings:
    """What a poller needs of the cloud.

    Attributes:
        roles: Checks what the function's role may do with the queue.
        backends: Keeps what is received and deleted.
        deliver: Invokes a function (:meth:`localcloud.lambda_.service.Service.deliver`).
        lock: Held while a mapping is exchanged for another.
        clock: Seconds since 1970.
    """

    roles: Roles
    backends: Backends
    deliver: Deliver
    lock: threading.RLock
    clock: Callable[[], float]

    def exchange(self, mapping: QueueMapping, change: Callable[[QueueMapping], QueueMapping | None]) -> None:
        """Exchange a mapping for a changed one, unless it has gone meanwhile. None takes it away."""
        with self.backends.change(), self.lock:
            held = held_by(backend_of(mapping))
            if (now := held.get(mapping.uuid)) is None:
                return
            if (made := change(now)) is None:
                del held[mapping.uuid]
            else:
                held[mapping.uuid] = made


class Poller:
    """The thread of one mapping.

    Args:
        mapping: The mapping as it is now. The poller looks for its later forms by its UUID.
        ended: Is called when the mapping is gone.
    """

    def __init__(self, mapping: QueueMapping, cloud: Surroundings, ended: Callable[[], None]) -> None:
        self._first, self._cloud, self._ended = mapping, cloud, ended
        self.source_arn = mapping.source_arn
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._running = 0
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin in a thread of its own."""
        threading.Thread(target=self._run, name=f"mapping-{self._first.uuid}", daemon=True).start()

    def wake(self) -> None:
        """Something has happened: look at the queue and the mapping again."""
        self._woken.set()

    def stop(self) -> None:
        """Receive nothing more. The cloud ends."""
        self._stopping.set()
        self._woken.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                mapping = self._mapping()
                if mapping is None:
                    break
                pause = self._step(mapping)
            except Exception as error:  # noqa: BLE001 - the mapping goes on when what is wrong has gone
                cloudlog.failure(error)
                pause = LOOK_AGAIN_SECONDS
            self._woken.wait(pause)
        self._ended()

    def _mapping(self) -> QueueMapping | None:
        with self._cloud.backends.look():
            return held_by(backend_of(self._first)).get(self._first.uuid)

    def _step(self, mapping: QueueMapping) -> float | None:
        """Do what can be done now.

        Returns:
            After how many seconds to look again. None: when something happens.
        """
        if mapping.state in PASSING:
            self._settle(mapping)
            return 0.0
        if mapping.state != ENABLED:
            return None
        with self._cloud.backends.look():
            queue = find_queue(mapping.source_arn)
            moment = queue.next_moment() if queue is not None else None
            found_again = queue is not None and mapping.problem == NO_QUEUE
            if queue is not None and moment is None and not found_again:
                return None
            if moment is not None and not found_again and (early := moment - self._cloud.clock()) > 0:
                return early + 0.001
            problem, most = self._obstacle(mapping, queue)
        if problem != mapping.problem:
            self._cloud.exchange(mapping, lambda now: dataclasses.replace(now, problem=problem))
        if problem or queue is None:
            return LOOK_AGAIN_SECONDS if queue is not None else None
        with self._lock:
            busy = self._running
            if busy >= most:
                return None
        if busy and queue.approximate_number_of_messages < mapping.batch_size:
            self._stopping.wait(MOMENT_SECONDS)  # a busy function gets more at once
        messages = self._gathered(mapping, queue)
        if messages:
            self._begin(mapping, queue, messages)
        return 0.0

    def _settle(self, mapping: QueueMapping) -> None:
        """End a passing state."""

        def settled(now: QueueMapping) -> QueueMapping | None:
            if now.state == DELETING:
                return None
            return dataclasses.replace(now, state=now.settled_state) if now.state in PASSING else now

        self._cloud.exchange(mapping, settled)

    def _obstacle(self, mapping: QueueMapping, queue: Queue | None) -> tuple[str, int]:
        """Why nothing can be received, or an empty text; and how many batches may run at once."""
        if queue is None:
            return NO_QUEUE, 0
        try:
            function = function_of(mapping)
            reserved = backend_of(mapping).get_function(mapping.function_name).reserved_concurrency
        except LambdaClientError as error:
            return str(error.message), 0
        most = mapping.maximum_concurrency or BATCHES_AT_ONCE
        if reserved is not None:
            most = min(most, int(reserved))
        return role_problem(self._cloud.roles, function, mapping.source_arn) or "", most

    def _gathered(self, mapping: QueueMapping, queue: Queue) -> list[Message]:
        """The messages of the next batch: up to the batch size, or those that come during the window."""
        found = self._received(mapping, queue, mapping.batch_size)
        if not found:
            return []
        end = min(self._cloud.clock() + mapping.window, min(message.visible_at for message in found) / 1000)
        while len(found) < mapping.batch_size and not self._stopping.is_set():
            left = end - self._cloud.clock()
            if left <= 0 or self._mapping() != mapping:
                break
            self._woken.clear()
            more = self._received(mapping, queue, mapping.batch_size - len(found))
            found += more
            if not more:
                moment = queue.next_moment()
                soon = left if moment is None else min(left, max(0.001, moment - self._cloud.clock()))
                self._woken.wait(soon)
        return found

    def _received(self, mapping: QueueMapping, queue: Queue, most: int) -> list[Message]:
        """Receive messages, and delete those that the filters leave out."""
        visibility = max(1, int(queue.visibility_timeout))
        filters = mapping.filters
        with self._cloud.backends.change():
            try:
                backend = sqs_backends[mapping.account][mapping.region]
                found: list[Message] = backend.receive_message(queue.name, most, 0, visibility, ["All"])
            except QueueDoesNotExist:
                return []
            wanted = [one for one in found if matches(filters, record_of(one, mapping))]
            kept = {one.id for one in wanted}
            _delete(queue, (one.receipt_handle for one in found if one.id not in kept))
        return wanted

    def _begin(self, mapping: QueueMapping, queue: Queue, messages: list[Message]) -> None:
        def run() -> None:
            try:
                self._process(mapping, queue, messages)
            except Exception as error:  # noqa: BLE001 - the messages come back, and the log has the reason
                cloudlog.failure(error)
            finally:
                with self._lock:
                    self._running -= 1
                self._woken.set()

        with self._lock:
            self._running += 1
        threading.Thread(target=run, daemon=True).start()

    def _process(self, mapping: QueueMapping, queue: Queue, messages: list[Message]) -> None:
        visible_again = min(message.visible_at for message in messages) / 1000
        records = [record_of(message, mapping) for message in messages]
        for batch in batches(records, mapping):
            answer = self._invoked(mapping, batch, visible_again)
            unprocessed = {record["messageId"] for record in batch}
            if answer is not None:
                unprocessed = failed(answer, unprocessed) if REPORTS in mapping.response_types else set()
            with self._cloud.backends.change():
                sqs_backends[mapping.account][mapping.region]  # it is kept with the change
                _delete(queue, (one["receiptHandle"] for one in batch if one["messageId"] not in unprocessed))
            if unprocessed and mapping.fifo:
                return  # what comes later in a message group waits for what comes earlier

    def _invoked(self, mapping: QueueMapping, batch: list[dict[str, Any]], visible_again: float) -> bytes | None:
        """The function's answer. None if it has failed, or is throttled until the messages are visible again."""
        pause, trace = FIRST_PAUSE, chain.joined(map(_trace, batch), chain.LINEAGE)
        while not self._stopping.is_set():
            try:
                return self._cloud.deliver(mapping.function_arn, {"Records": batch}, trace_header=trace)
            except LambdaClientError as error:
                if error.error_type != THROTTLED:
                    cloudlog.failure(error)
                    return None
            if self._cloud.clock() + pause >= visible_again:
                return None
            self._stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        return None


def batches(records: list[dict[str, Any]], mapping: QueueMapping) -> Iterator[list[dict[str, Any]]]:
    """The records that are processed together.

    A record whose chain has run too often comes alone, so that the others are not stopped with it. In a FIFO queue, the
    order is more important.
    """
    stopped = [] if mapping.fifo else [one for one in records if lineage.exhausted(_trace(one), mapping.function_arn)]
    yield from events([one for one in records if one not in stopped], mapping.batch_size)
    for one in stopped:
        yield [one]


def _trace(record: dict[str, Any]) -> str | None:
    found: str | None = record["attributes"].get("AWSTraceHeader")
    return found


def find_queue(arn: str) -> Queue | None:
    """The queue with an ARN; None if there is none."""
    _, _, _, region, account, name = arn.split(":")
    found: Queue | None = sqs_backends[account][region].queues.get(name)
    return found


def function_of(mapping: QueueMapping) -> LambdaFunction:
    """The function that a mapping invokes, behind an alias too.

    Raises:
        LambdaClientError: There is no such function, version or alias.
    """
    return backend_of(mapping).get_function(mapping.function_name, mapping.qualifier)


def _delete(queue: Queue, handles: Iterable[str]) -> None:
    """Delete messages. Some may have gone meanwhile: deleted by others, purged, or too old."""
    with contextlib.suppress(ReceiptHandleIsInvalid):
        queue.delete_messages(list(handles))
