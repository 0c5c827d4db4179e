"""The results of the tasks that look at what arrives.

Example::

    >>> RetryResult("local", {"arrivals": 2}, (), (), {}).moved
    {'arrivals': 2}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scones.service.inbox import Inbox, Retried


@dataclass(frozen=True)
class InboxQueue:
    """A queue. SQS counts approximately.

    Attributes:
        name: What waits in it: arrivals or endings.
        waiting: The messages that wait.
        in_flight: The messages that a function works on.
        dead: The messages that were given up.
    """

    name: str
    waiting: int
    in_flight: int
    dead: int


@dataclass(frozen=True)
class InboxLetter:
    """A message that was given up.

    Attributes:
        queue: The queue that it was in.
        subject: The object or execution that it is about.
        sent: When it was sent first, ISO 8601.
        tries: How often it was received.
    """

    queue: str
    subject: str
    sent: str
    tries: int


@dataclass(frozen=True)
class InboxFailure:
    """An execution for an arrival that ended without an answer.

    Attributes:
        execution: The execution's ARN.
        image: The object.
        error: The execution's Error, or its status.
        cause: The execution's Cause.
        ended: When it ended, ISO 8601.
        redrivable: Whether invoke inbox.retry redrives it. If not, its object gets another execution.
        may_pass: Whether invoke inbox.retry tries it again by itself.
    """

    execution: str
    image: str
    error: str
    cause: str
    ended: str
    redrivable: bool
    may_pass: bool


@dataclass(frozen=True)
class InboxResult:
    """What arrived and has no result.

    Attributes:
        environment: The environment.
        queues: The two queues.
        dead: The dead letters, at most 50 of each queue.
        failed: The executions that failed and were not tried again, the newest first, at most 100.
        more_failed: The number of further executions that failed.
    """

    environment: str
    queues: tuple[InboxQueue, ...]
    dead: tuple[InboxLetter, ...]
    failed: tuple[InboxFailure, ...]
    more_failed: int

    @classmethod
    def of(cls, environment: str, inbox: Inbox) -> InboxResult:
        """The result of looking at the inbox."""
        return cls(
            environment,
            tuple(InboxQueue(name, one.visible, one.in_flight, one.dead) for name, one in inbox.waiting.items()),
            tuple(InboxLetter(one.queue, one.subject, one.sent.isoformat(), one.tries) for one in inbox.dead),
            tuple(
                InboxFailure(
                    one.arn, one.image, one.error, one.cause, one.ended.isoformat(), one.redrivable, one.may_pass
                )
                for one in inbox.failed
            ),
            inbox.more_failed,
        )


@dataclass(frozen=True)
class RetryResult:
    """What was tried again. The exit code is 1 if an execution could not be.

    Attributes:
        environment: The environment.
        moved: The number of dead letters that are moved back, by queue.
        redriven: The names of the executions that go on where they were stopped.
        started: The names of new executions for objects whose execution failed.
        refused: Why others do not, by name.
    """

    environment: str
    moved: dict[str, int]
    redriven: tuple[str, ...]
    started: tuple[str, ...]
    refused: dict[str, str]

    @classmethod
    def of(cls, environment: str, done: Retried) -> RetryResult:
        """The result of another try."""
        return cls(environment, done.moved, done.redriven, done.started, done.refused)
