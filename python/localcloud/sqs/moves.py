"""Messages of a dead-letter queue are moved back: StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask.

moto has none of them. The tasks are kept with the queues, and go on after a restart.

AWS: Amazon SQS API Reference of the three; Amazon SQS Developer Guide, "Learn how to configure a dead-letter queue
redrive": a moved message is a new one, with a new identifier and age. Without a destination it goes to the queue that
it comes from. A queue has one task at a time, and its ten last ones are listed. A task needs permission to receive from
and delete in the dead-letter queue, and to send to the destination.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.sqs.exceptions import InvalidParameterValue, SQSException
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from localcloud import log
from localcloud.context import Context
from localcloud.durability.backends import Backends
from localcloud.identifiers import new_uuid

if TYPE_CHECKING:
    from moto.sqs.responses import SQSResponse

RUNNING, COMPLETED, CANCELLED, FAILED = "RUNNING", "COMPLETED", "CANCELLED", "FAILED"
MOST_A_SECOND = 500
MOST_LISTED = 10


@dataclass(frozen=True)
class MoveTask:
    """One task.

    Attributes:
        destination_arn: None moves each message to the queue that it comes from.
        rate: The most messages a second, if the request has it.
        started: Milliseconds since 1970.
    """

    handle: str
    source_arn: str
    destination_arn: str | None
    rate: int | None
    started: int
    to_move: int
    moved: int = 0
    status: str = RUNNING
    reason: str | None = None

    def described(self) -> dict[str, Any]:
        """The answer of ListMessageMoveTasks. Only a running task has its handle."""
        found = {
            "TaskHandle": self.handle if self.status == RUNNING else None,
            "Status": self.status,
            "SourceArn": self.source_arn,
            "DestinationArn": self.destination_arn,
            "MaxNumberOfMessagesPerSecond": self.rate,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "FailureReason": self.reason,
            "StartedTimestamp": self.started,
        }
        return {name: value for name, value in found.items() if value is not None}


def handle_of(source_arn: str) -> str:
    """A new task's handle. It tells the queue.

    Example::

        >>> source_of(handle_of("arn:aws:sqs:us-east-1:123456789012:dead"))
        'arn:aws:sqs:us-east-1:123456789012:dead'
        >>> source_of("anything else") is None
        True
    """
    return base64.b64encode(json.dumps({"taskId": new_uuid(), "sourceArn": source_arn}).encode()).decode()


def source_of(handle: str) -> str | None:
    """The ARN of the dead-letter queue of a task. None for what is no handle."""
    try:
        return str(json.loads(base64.b64decode(handle, validate=True))["sourceArn"])
    except (ValueError, KeyError, TypeError):
        return None


class _NoSuchTask(SQSException):
    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message)


class _TaskRuns(SQSException):
    def __init__(self) -> None:
        super().__init__(
            "AWS.SimpleQueueService.UnsupportedOperation",
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        )


def install(context: Context) -> None:
    """Add the operations, and go on with the tasks that ran when the cloud ended."""
    mover = _Mover(context.backends)
    context.starting.append(mover.resume)
    context.at_first.setdefault("sqs", []).append(lambda: _add_operations(mover))


def _add_operations(mover: _Mover) -> None:
    from moto.sqs.responses import SQSResponse

    def start_message_move_task(self: SQSResponse) -> ActionResult:
        backend: SQSBackend = self.sqs_backend
        source = _source(backend, self._get_param("SourceArn"))
        if not any(_aims_at(queue, source) for queue in backend.queues.values()):
            raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
        destination = self._get_param("DestinationArn")
        if destination and _queue(destination) is None:
            raise _NoSuchTask("The resource that you specified for the DestinationArn parameter doesn't exist.")
        rate = self._get_param("MaxNumberOfMessagesPerSecond")
        if rate is not None and not 1 <= int(rate) <= MOST_A_SECOND:
            raise InvalidParameterValue(
                f"Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and "
                f"{MOST_A_SECOND}."
            )
        if any(task.status == RUNNING for task in _tasks(source)):
            raise _TaskRuns
        count = source.approximate_number_of_messages
        task = MoveTask(
            handle_of(source.queue_arn), source.queue_arn, destination, rate, int(time.time() * 1000), count
        )
        source.move_tasks = [*_tasks(source), task][-MOST_LISTED:]
        mover.start(task)
        return ActionResult({"TaskHandle": task.handle})

    def list_message_move_tasks(self: SQSResponse) -> ActionResult:
        found = [task.described() for task in reversed(_tasks(_source(self.sqs_backend, self._get_param("SourceArn"))))]
        return ActionResult({"Results": found[: int(self._get_param("MaxResults") or 1)]})

    def cancel_message_move_task(self: SQSResponse) -> ActionResult:
        handle = self._get_param("TaskHandle")
        for queue in self.sqs_backend.queues.values():
            for task in _tasks(queue):
                if (task.handle, task.status) == (handle, RUNNING):
                    with queue._messages_lock:
                        ended = dataclasses.replace(_known(queue, handle) or task, status=CANCELLED)
                        _put(queue, ended)
                    return ActionResult({"ApproximateNumberOfMessagesMoved": ended.moved})
        raise _NoSuchTask("The resource that you specified for the TaskHandle parameter doesn't exist.")

    SQSResponse.start_message_move_task = start_message_move_task
    SQSResponse.list_message_move_tasks = list_message_move_tasks
    SQSResponse.cancel_message_move_task = cancel_message_move_task


class _Mover:
    """Moves the messages of tasks, each in a thread of its own."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    def resume(self) -> None:
        """Go on with the tasks that were kept."""
        with self._backends.look():
            backends = [one for regions in list(sqs_backends.values()) for one in list(regions.values())]
            tasks = [task for backend in backends for queue in backend.queues.values() for task in _tasks(queue)]
        for task in tasks:
            if task.status == RUNNING:
                self.start(task)

    def start(self, task: MoveTask) -> None:
        """Carry a task out."""

        def run() -> None:
            try:
                while self._step(task):
                    threading.Event().wait(1.0)
            except Exception as error:  # noqa: BLE001 - the messages are where they were
                log.failure(error)

        threading.Thread(target=run, daemon=True).start()

    def _step(self, started: MoveTask) -> bool:
        """Move as many messages as a second allows. Returns whether there is more to do."""
        with self._backends.change():
            queue = _queue(started.source_arn)
            if queue is None:
                return False
            with queue._messages_lock:
                task = _known(queue, started.handle)
                if task is None or task.status != RUNNING:
                    return False
                leaving, missing = _leaving(queue, task)
                gone = {id(message) for _, message in leaving}
                queue._messages = [message for message in queue._messages if id(message) not in gone]
                task = dataclasses.replace(task, moved=task.moved + len(leaving))
                if missing:
                    task = dataclasses.replace(task, status=FAILED, reason="AWS.SimpleQueueService.NonExistentQueue")
                elif not leaving:
                    task = dataclasses.replace(task, status=COMPLETED)
                _put(queue, task)
            for destination, message in leaving:
                destination.arrive(_new(message))
        return task.status == RUNNING


def _leaving(queue: Queue, task: MoveTask) -> tuple[list[tuple[Queue, Message]], bool]:
    """The next messages to move, each with its destination; and whether a destination is missing."""
    leaving: list[tuple[Queue, Message]] = []
    for message in queue.messages:
        if len(leaving) == (task.rate or MOST_A_SECOND):
            break
        arn = task.destination_arn or message.__dict__.get("dead_letter_source_arn")
        destination = _queue(arn) if arn else None
        if destination is None:
            return leaving, True
        leaving.append((destination, message))
    return leaving, False


def _new(message: Message) -> Message:
    """A moved message. To its receivers it is a new one."""
    made = Message(new_uuid(), message.body, message.system_attributes)
    for name in ("message_attributes", "sender_id", "deduplication_id", "group_id"):
        setattr(made, name, getattr(message, name))
    made.mark_sent()
    return made


def _aims_at(queue: Queue, dead: Queue) -> bool:
    return bool(queue.redrive_policy) and queue.redrive_policy["deadLetterTargetArn"] == dead.queue_arn


def _source(backend: SQSBackend, arn: str | None) -> Queue:
    found = backend.queues.get((arn or "").rpartition(":")[2])
    if found is None or found.queue_arn != arn:
        raise _NoSuchTask("The resource that you specified for the SourceArn parameter doesn't exist.")
    return found


def _queue(arn: str) -> Queue | None:
    parts = arn.split(":")
    return sqs_backends[parts[4]][parts[3]].queues.get(parts[5]) if len(parts) == 6 else None


def _tasks(queue: Queue) -> list[MoveTask]:
    found: list[MoveTask] = queue.__dict__.get("move_tasks", [])
    return found


def _known(queue: Queue, handle: str) -> MoveTask | None:
    return next((task for task in _tasks(queue) if task.handle == handle), None)


def _put(queue: Queue, task: MoveTask) -> None:
    """Put a task in the place of its earlier form."""
    queue.move_tasks = [task if one.handle == task.handle else one for one in _tasks(queue)]
