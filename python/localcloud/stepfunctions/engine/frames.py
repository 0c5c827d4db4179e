"""The state of a running execution: frames of plain JSON that can be written down and read back.

Example::

    >>> run = Run(Facts("arn:e", "e", "arn:m", "m", "arn:role", 0.0), frames={1: Frame(1, None, ())})
    >>> from_json(to_json(run)) == run
    True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from localcloud.stepfunctions.language.scope import Json


@dataclass(frozen=True)
class Facts:
    """What an execution never changes about itself: the source of its context object.

    Attributes:
        arn, name: The execution's.
        machine_arn, machine_name: Its state machine's, without version and alias.
        role_arn: The role that it acts as.
        started: Seconds since 1970.
        input: The execution's input.
        written: The input's text, if it has another form than compact JSON.
        express: Whether its type is EXPRESS.
        sync: Whether StartSyncExecution has started it.
    """

    arn: str
    name: str
    machine_arn: str
    machine_name: str
    role_arn: str
    started: float
    input: Json = None
    written: str | None = None
    express: bool = False
    sync: bool = False


@dataclass
class Frame:
    """One line of states: the machine itself, a branch of a Parallel, an iteration of a Map.

    Attributes:
        id: Its number in the run.
        parent: The frame whose state has started it. None: the machine itself.
        place: Where its states stand in the program: pairs of a state's name and a branch's number.
        index: The number of the branch or iteration.
        last: The id of its last event; the next event's ``previousEventId``.
        state: The name of its current state.
        input: That state's input, before InputPath.
        variables: The variables that it sees.
        item: ``Map.Item`` of the context object.
        entered: When the state was entered, in seconds since 1970.
        entered_event: The id of the event of the entering.
        before: The id of the event before it.
        attempt: Counts what the frame has begun. An answer to an earlier attempt is stale.
        retries: How often each entry of Retry was used.
        work: What the state is doing.
        waits: What it has asked for in this attempt and was not told yet: the moments of ``wait``, ``retry``,
            ``timeout`` and ``heartbeat``, in seconds since 1970; ``call``, ``job``, ``worker`` (an activity's, to whom
            the Task is to be offered) and ``queued`` (it was offered); ``items``, what a Map run needs.
    """

    id: int
    parent: int | None
    place: tuple[tuple[str, int], ...]
    index: int = 0
    last: int = 0
    state: str = ""
    input: Json = None
    variables: Mapping[str, Json] = field(default_factory=dict)
    item: Json = None
    entered: float = 0.0
    entered_event: int = 0
    before: int = 0
    attempt: int = 0
    retries: dict[str, int] = field(default_factory=dict)
    work: dict[str, Json] = field(default_factory=dict)
    waits: dict[str, Json] = field(default_factory=dict)

    def try_again(self) -> None:
        """Begin another attempt. Nothing of the earlier one counts any more."""
        self.attempt += 1
        self.waits = {}


@dataclass
class Run:
    """One execution as the engine sees it.

    Attributes:
        facts: What never changes.
        frames: The living frames by id.
        next_frame: The id of the next frame.
        events: How many events the history has.
        status: ``RUNNING``, ``SUCCEEDED``, ``FAILED``, ``TIMED_OUT`` or ``ABORTED``.
        output, error, cause: How it ended.
        redrives: How often it was redriven.
        redriven: When, in seconds since 1970.
        failed_at: The frames as they were when the execution failed: where a redrive goes on.
        until: When the execution times out, in seconds since 1970. None: it may take as long as it likes.
    """

    facts: Facts
    frames: dict[int, Frame] = field(default_factory=dict)
    next_frame: int = 1
    events: int = 0
    status: str = "RUNNING"
    output: Json = None
    error: str | None = None
    cause: str | None = None
    redrives: int = 0
    redriven: float | None = None
    failed_at: list[Json] = field(default_factory=list)
    until: float | None = None


def frame_json(frame: Frame) -> dict[str, Json]:
    """A frame as JSON."""
    return {**vars(frame), "place": [list(step) for step in frame.place]}


def frame_from(value: Mapping[str, Json]) -> Frame:
    """The frame that :func:`frame_json` has written."""
    return Frame(**{**value, "place": tuple((name, number) for name, number in value["place"])})


def to_json(run: Run) -> dict[str, Json]:
    """A run as JSON."""
    return {**vars(run), "facts": vars(run.facts), "frames": [frame_json(frame) for frame in run.frames.values()]}


def from_json(value: Mapping[str, Json]) -> Run:
    """The run that :func:`to_json` has written."""
    frames = {frame["id"]: frame_from(frame) for frame in value["frames"]}
    return Run(**{**value, "facts": Facts(**value["facts"]), "frames": frames})
