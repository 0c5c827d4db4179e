"""What an execution asks of the world, and what the world tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.stepfunctions.language.resources import Resource
from localcloud.stepfunctions.language.scope import Json


@dataclass(frozen=True)
class Wake:
    """Tell the frame when a moment has come: :meth:`Machine.woken` with the same frame, attempt and reason.

    Attributes:
        frame: The frame's id. 0 is the execution itself.
        attempt: The frame's attempt.
        moment: Seconds since 1970.
        reason: ``wait``, ``retry``, ``timeout`` or ``heartbeat``.
    """

    frame: int
    attempt: int
    moment: float
    reason: str


@dataclass(frozen=True)
class Invoke:
    """Make a Task's call, and tell the machine the answer.

    Attributes:
        arguments: The Task's arguments.
        role_arn: The role of the Task's Credentials. None: the execution's role.
        token: The task token, for ``.waitForTaskToken``.
    """

    frame: int
    attempt: int
    resource: Resource
    arguments: Json
    role_arn: str | None
    token: str | None


@dataclass(frozen=True)
class Poll:
    """Ask for a job's end now and then, and tell the machine."""

    frame: int
    attempt: int
    job: Mapping[str, Json]
    role_arn: str | None


@dataclass(frozen=True)
class Cancel:
    """Nobody waits any more for what a frame has begun: forget its token, stop its job."""

    frame: int
    attempt: int
    job: Mapping[str, Json] | None
    role_arn: str | None


@dataclass(frozen=True)
class Offer:
    """Let a worker of an activity take the Task.

    Attributes:
        queued: Whether the Task's history says so already.
    """

    frame: int
    attempt: int
    activity_arn: str
    token: str
    arguments: Json
    queued: bool = False


@dataclass(frozen=True)
class StartMapRun:
    """Start a distributed Map: read its items, and run each in an execution of its own.

    Attributes:
        arn: The Map run's ARN.
        spec: What the Map run needs, as JSON (:mod:`localcloud.stepfunctions.engine.distributed`).
    """

    frame: int
    attempt: int
    arn: str
    spec: Mapping[str, Json]


@dataclass(frozen=True)
class StopMapRun:
    """End a Map run's executions."""

    frame: int
    arn: str


@dataclass(frozen=True)
class Ended:
    """The execution has ended."""

    status: str


Effect = Wake | Invoke | Poll | Cancel | Offer | StartMapRun | StopMapRun | Ended
