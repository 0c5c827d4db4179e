"""Event source mappings: functions get the messages of queues.

``operations`` answers the API, ``requests`` checks what it is given, ``mappings`` is what is kept. ``poller`` carries a
mapping out, with ``filters`` and ``records``; ``pollers`` has all of them. Queues are moto's, with the gaps of
``localcloud.sqs`` closed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.sqs.models import Message, Queue, SQSBackend

from localcloud.context import Context
from localcloud.lambda_.service import Service
from localcloud.lambda_.sources import operations
from localcloud.lambda_.sources.pollers import Pollers


def install(context: Context, service: Service) -> None:
    """Replace moto's event source mappings, and let queues and functions wake the pollers."""
    pollers = Pollers(context, service.deliver)
    operations.install(pollers, context.roles, service.deliver)
    context.starting.append(pollers.begin)
    context.ending.append(pollers.stop)
    _let_queues_wake(pollers)
    for name in ("put_function_concurrency", "delete_function_concurrency", "create_function", "create_alias"):
        setattr(LambdaBackend, name, _then(getattr(LambdaBackend, name), pollers.wake))


def _let_queues_wake(pollers: Pollers) -> None:
    arrive, delete = Queue.arrive, Queue.delete_messages
    make, change = SQSBackend.create_queue, SQSBackend.change_message_visibility
    drop = SQSBackend.delete_queue

    def arrived(self: Queue, message: Message) -> None:
        arrive(self, message)
        pollers.wake(self.queue_arn)

    def deleted(self: Queue, handles: Any) -> None:
        delete(self, handles)
        if self.fifo_queue:  # the next message of the group is free
            pollers.wake(self.queue_arn)

    def create_queue(self: SQSBackend, *given: Any, **named: Any) -> Queue:
        made = make(self, *given, **named)
        pollers.wake(made.queue_arn)
        return made

    def delete_queue(self: SQSBackend, queue_name: str) -> None:
        arn = self.get_queue(queue_name).queue_arn
        drop(self, queue_name)
        pollers.wake(arn)

    def change_message_visibility(self: SQSBackend, queue_name: str, *given: Any, **named: Any) -> None:
        change(self, queue_name, *given, **named)
        pollers.wake(self.get_queue(queue_name).queue_arn)

    Queue.arrive, Queue.delete_messages = arrived, deleted
    SQSBackend.delete_queue = delete_queue
    SQSBackend.create_queue, SQSBackend.change_message_visibility = create_queue, change_message_visibility


def _then(change: Callable[..., Any], wake: Callable[[], None]) -> Callable[..., Any]:
    def run(self: LambdaBackend, *given: Any, **named: Any) -> Any:
        done = change(self, *given, **named)
        wake()
        return done

    return run
