"""What Step Functions knows: state machines, executions, Map Runs and activities.

They are plain data. Their fields are JSON, so that they can be written down and read back. Moments are seconds since
1970.

Example::

    >>> from dataclasses import asdict
    >>> revision = Revision('{"StartAt": "A", …}', "arn:role", {}, {})
    >>> machine = StateMachine("arn:m", "m", "STANDARD", revision, 0.0)
    >>> machine_from(asdict(machine)) == machine
    True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Json = Any

OWNED_KEY = {"type": "AWS_OWNED_KEY"}


@dataclass
class Revision:
    """What a state machine does from one update to the next.

    Attributes:
        definition: The definition's text.
        revision_id: A UUID. None: the state machine was never updated.
        variables: The names of the variables that each state reads, by the state's name.
        updated: When it was made.
        number: Its number in the database. None: no execution has run it yet.
    """

    definition: str
    role_arn: str
    logging: dict[str, Json]
    tracing: dict[str, Json]
    encryption: dict[str, Json] = field(default_factory=lambda: dict(OWNED_KEY))
    revision_id: str | None = None
    variables: dict[str, list[str]] = field(default_factory=dict)
    updated: float = 0.0
    number: int | None = field(default=None, compare=False)


@dataclass
class PublishedVersion:
    """A numbered snapshot of a state machine."""

    arn: str
    revision: Revision
    created: float
    description: str | None = None


@dataclass
class Alias:
    """A name for one version, or for two of them with weights.

    Attributes:
        routes: The routing configuration: ``stateMachineVersionArn`` and ``weight``.
    """

    arn: str
    name: str
    routes: list[dict[str, Json]]
    created: float
    updated: float
    description: str | None = None


@dataclass
class StateMachine:
    """A state machine.

    Attributes:
        kind: ``STANDARD`` or ``EXPRESS``.
        versions: By number, as text.
        aliases: By name.
        latest: The highest number that a version has had.
        published: The parameters ``publish`` and ``versionDescription`` of its creation.
    """

    arn: str
    name: str
    kind: str
    revision: Revision
    created: float
    versions: dict[str, PublishedVersion] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    latest: int = 0
    published: list[Json] = field(default_factory=lambda: [False, None])
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Execution:
    """An execution. The API makes it, and the runner writes it.

    Attributes:
        machine_arn: The state machine's ARN, without version and alias.
        kind: ``STANDARD`` or ``EXPRESS``.
        revision: The revision that it runs.
        status: ``RUNNING``, ``SUCCEEDED``, ``FAILED``, ``TIMED_OUT``, ``ABORTED`` or ``PENDING_REDRIVE``.
        events: How many events its history has.
        map_run_arn: The Map Run whose child execution this is.
        item_count: The number of items of a child execution.
        tokens: The moments of the last redrives, by client token.
        sync: Whether StartSyncExecution has started it.
        number: Its number in the database.
        moves: How many moves of it are in the database.
    """

    arn: str
    machine_arn: str
    name: str
    kind: str
    revision: Revision
    input: str
    started: float
    status: str = "RUNNING"
    stopped: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    version_arn: str | None = None
    alias_arn: str | None = None
    trace_header: str | None = None
    map_run_arn: str | None = None
    parent: str | None = None
    item_count: int | None = None
    events: int = 0
    redrive_count: int = 0
    redriven: float | None = None
    tokens: dict[str, float] = field(default_factory=dict)
    sync: bool = False
    number: int = 0
    moves: int = 0


class Listed(NamedTuple):
    """What a list says of an execution. Its attributes are those of :class:`Execution`."""

    arn: str
    machine_arn: str
    name: str
    status: str
    started: float
    stopped: float | None
    map_run_arn: str | None
    item_count: int | None
    version_arn: str | None
    alias_arn: str | None
    redrive_count: int
    redriven: float | None


@dataclass
class MapRun:
    """One run of a Map state in distributed mode.

    Attributes:
        arn: ``arn:aws:states:REGION:ACCOUNT:mapRun:MACHINE/LABEL:ID``.
        execution_arn: The execution that has the Map state.
        status: ``RUNNING``, ``SUCCEEDED``, ``FAILED`` or ``ABORTED``.
        item_counts: Numbers of items, by AWS's names: pending, running, succeeded, failed, timedOut, aborted, total, …
        execution_counts: Numbers of child executions, by the same names.
        error, cause: How it failed.
    """

    arn: str
    execution_arn: str
    started: float
    status: str = "RUNNING"
    stopped: float | None = None
    max_concurrency: int = 0
    tolerated_failure_count: int = 0
    tolerated_failure_percentage: float = 0.0
    item_counts: dict[str, int] = field(default_factory=dict)
    execution_counts: dict[str, int] = field(default_factory=dict)
    redrive_count: int = 0
    redriven: float | None = None
    error: str | None = None
    cause: str | None = None


@dataclass
class Activity:
    """An activity: a queue of tasks for workers."""

    arn: str
    name: str
    created: float
    encryption: dict[str, Json] = field(default_factory=lambda: dict(OWNED_KEY))
    tags: dict[str, str] = field(default_factory=dict)


def machine_from(found: Mapping[str, Json]) -> StateMachine:
    """The state machine that ``dataclasses.asdict`` has made plain."""
    versions = {
        name: PublishedVersion(**{**one, "revision": Revision(**one["revision"])})
        for name, one in found["versions"].items()
    }
    aliases = {name: Alias(**one) for name, one in found["aliases"].items()}
    return StateMachine(
        **{**found, "revision": Revision(**found["revision"]), "versions": versions, "aliases": aliases}
    )
