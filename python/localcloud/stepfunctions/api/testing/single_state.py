"""One state by itself, run by the engine that runs whole machines.

The state stands in a program of its own. Wherever it goes, there is a Succeed state. A Map is run as a distributed one,
and a Parallel state's branches wait, so that nothing inside of them happens: a mock stands for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from localcloud.stepfunctions.engine import branches, distributed
from localcloud.stepfunctions.engine.effects import Invoke, Offer, StartMapRun, Wake
from localcloud.stepfunctions.engine.frames import Facts, Frame, Run
from localcloud.stepfunctions.engine.machine import Machine
from localcloud.stepfunctions.engine.retrying import matches
from localcloud.stepfunctions.language import evaluation, parts, values
from localcloud.stepfunctions.language.program import Flow, Option, Program, State
from localcloud.stepfunctions.language.scope import Json, StateFailure

#: AWS's answers call every tested state so.
NAME = "StateName"
_ONWARD = "next: "
_WAITING = Flow("Wait", {"Wait": State("Wait", "Wait", {"Seconds": 99_999_999}, jsonata=False, next="Wait")})


@dataclass(frozen=True)
class Mock:
    """What stands for a state's work.

    Attributes:
        result: The result, if there is no error.
        error, cause: How the work fails. ``error`` None: it does not.
        retried: How often the Retry that matches the error was used.
        failed: How many of a Map's iterations failed.
        items: What a Map's ItemReader reads. None: nothing stands for it.
    """

    result: Json = None
    error: str | None = None
    cause: str | None = None
    retried: int = 0
    failed: int = 0
    items: list[Json] | None = None


def wrapped(definition: str) -> str:
    """The definition of a machine around the definition of one state.

    Example::

        >>> wrapped('{"Type": "Pass", "Next": "B"}')
        '{"StartAt":"StateName","States":{"StateName":{"Type":"Pass","Next":"B"},"B":{"Type":"Succeed"}}}'
    """
    try:
        state = values.parsed(definition)
    except ValueError:
        return definition  # the compiler says what is wrong with it
    if not isinstance(state, dict):
        return definition
    targets = {target for _, target, _ in parts.targets(state) if isinstance(target, str)}
    around = {name: {"Type": "Succeed"} for name in sorted(targets - {NAME})}
    return values.text({"StartAt": NAME, "States": {NAME: state, **around}})


def find(flow: Flow, name: str) -> State | None:
    """The state with a name, at the top or inside of a Map or Parallel state."""
    if name in flow.states:
        return flow.states[name]
    inner = (find(branch, name) for state in flow.states.values() for branch in state.branches)
    return next((state for state in inner if state is not None), None)


def alone(state: State) -> Program:
    """The program in which a state stands by itself."""

    def onward(name: str | None) -> str | None:
        return None if name is None else f"{_ONWARD}{name}"

    raw = dict(state.raw)
    if "Default" in raw:
        raw["Default"] = onward(raw["Default"])
    if state.kind == "Map":
        raw["ItemProcessor"] = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}
    tested = replace(
        state,
        name=NAME,
        raw=raw,
        next=onward(state.next),
        catchers=tuple(replace(one, next=f"{_ONWARD}{one.next}") for one in state.catchers),
        options=tuple(replace(one, next=f"{_ONWARD}{one.next}") for one in state.options),
        branches=tuple(_WAITING for _ in state.branches),
    )
    chosen = [one.next for one in tested.options] + [one.next for one in tested.catchers]
    ways = {tested.next, raw.get("Default"), *chosen}
    ends = {name: State(name, "Succeed", {}, jsonata=True) for name in ways if name is not None}
    return Program(NAME, {NAME: tested, **ends})


class SingleState(Machine):
    """The execution of one state, which notes what happens on the way.

    Attributes:
        tested: The state.
        root: The frame that the state runs in.
        seen: What the answer can show of the state's work, by the names of ``inspectionData``.
        failure: The error with which the state has failed. None: it has not.
        handled: ``retryIndex`` and ``catchIndex``: which entries of Retry and Catch match the error.
    """

    def __init__(
        self,
        state: State,
        facts: Facts,
        *,
        region: str,
        variables: Mapping[str, Json],
        context: Mapping[str, Json] | None = None,
        retried: int = 0,
    ) -> None:
        super().__init__(alone(state), Run(facts), region=region)
        self.tested = self.program.states[NAME]
        self.root: Frame | None = None
        self.seen: dict[str, Json] = {}
        self.failure: StateFailure | None = None
        self.handled: dict[str, int] = {}
        self._variables, self._context, self._retried = variables, context, retried

    def new_frame(self, parent: Frame | None, place: tuple[tuple[str, int], ...], index: int, *, last: int) -> Frame:
        """A new frame; the first one has the test's variables."""
        frame = super().new_frame(parent, place, index, last=last)
        if parent is None:
            self.root, frame.variables = frame, self._variables
        return frame

    @property
    def tested_context(self) -> dict[str, Json]:
        """The context object as the state sees it."""
        assert self.root is not None
        return self.context(self.root, self.tested)

    def context(self, frame: Frame, state: State) -> dict[str, Json]:
        """The context object: the test's, or that of an execution of its own."""
        if self._context is not None:
            return dict(self._context)
        found = super().context(frame, state)
        found["Execution"]["RoleArn"] = self.run.facts.role_arn or None
        return found

    def leave(self, frame: Frame, state: State, result: Json, *, chosen: Option | None = None) -> None:
        """Note what the result becomes, and go on."""
        if frame is self.root and state is self.tested:
            self.seen["result"] = result
            if "ResultSelector" in state.fields:
                scope = replace(self.scope(frame, state), value=result)
                result = evaluation.value(state.fields["ResultSelector"], "ResultSelector", scope)
                rest = {name: field for name, field in state.fields.items() if name != "ResultSelector"}
                state = replace(state, fields=rest)  # it is evaluated once
            self.seen["afterResultSelector"] = result
            path = state.fields.get("ResultPath")
            placed = evaluation.placed(path, frame.input, result) if "ResultPath" in state.fields else result
            self.seen["afterResultPath"] = placed
        super().leave(frame, state, result, chosen=chosen)

    def fail(self, frame: Frame, state: State, failure: StateFailure) -> None:
        """Note the error and what handles it, and go on."""
        if frame is self.root and state is self.tested:
            self.failure = failure
            if failure.error != "States.Runtime" and state.kind != "Fail":
                self._handle(frame, failure)
        super().fail(frame, state, failure)

    def _handle(self, frame: Frame, failure: StateFailure) -> None:
        for number, retrier in enumerate(self.tested.retriers):
            if matches(failure, retrier.errors):
                frame.retries[str(number)] = self._retried
                self.handled["retryIndex"] = number
                break
        if "retryIndex" in self.handled and self._retried < self.tested.retriers[self.handled["retryIndex"]].attempts:
            return
        for number, catcher in enumerate(self.tested.catchers):
            if matches(failure, catcher.errors):
                self.handled["catchIndex"] = number
                break

    # What the state waits for

    @property
    def map_run(self) -> StartMapRun | None:
        """What a Map needs to begin its iterations. None: it has not come so far."""
        return next((one for one in self.effects if isinstance(one, StartMapRun)), None)

    @property
    def call(self) -> Invoke | None:
        """The call that a Task has worked out."""
        return next((one for one in self.effects if isinstance(one, Invoke)), None)

    @property
    def arguments(self) -> list[Json]:
        """A Task's arguments in a list of one. It is empty if they could not be worked out."""
        return [one.arguments for one in self.effects if isinstance(one, Invoke | Offer)]

    @property
    def wait(self) -> Wake | None:
        """The moment that a Wait waits for."""
        waits = self.tested.kind == "Wait"
        return next((one for one in self.effects if waits and isinstance(one, Wake)), None)

    @property
    def waiting(self) -> bool:
        """Whether the state waits for its work to be done."""
        return self.run.status == "RUNNING" and self.failure is None

    def told(self, step: Callable[..., None], *given: object) -> None:
        """Something has happened to the state's work."""
        assert self.root is not None
        self.tell(self.root.id, self.root.attempt, step, *given, now=self.now)

    # How it has ended

    @property
    def backoff(self) -> float | None:
        """The seconds until the state is tried again. None: it is not."""
        retry = next((one for one in self.effects if isinstance(one, Wake) and one.reason == "retry"), None)
        return retry.moment - self.now if retry else None

    @property
    def next(self) -> str | None:
        """The name of the state that comes next. None: the state's machine or branch ends."""
        assert self.root is not None
        name = self.root.state
        return name.removeprefix(_ONWARD) if self.run.status == "SUCCEEDED" and name != NAME else None


def mocked(machine: SingleState, frame: Frame, mock: Mock) -> None:
    """A mock stands for the work of a state."""
    state = machine.state(frame)
    for child in [one for one in machine.run.frames.values() if one.parent == frame.id]:
        machine.drop(child)
    if machine.map_run is not None:
        _iterated(machine, frame, state, machine.map_run.spec, mock)
    if mock.error is not None:
        raise StateFailure(mock.error, mock.cause)
    machine.leave(frame, state, mock.result)


def _iterated(machine: SingleState, frame: Frame, state: State, spec: Mapping[str, Json], mock: Mock) -> None:
    """A Map has begun: work out its items, and hold the iterations that failed against what is tolerated."""
    scope = replace(machine.scope(frame, state), value=spec["given"])
    count, percentage = spec["tolerated_count"], spec["tolerated_percentage"]
    machine.seen |= {
        "maxConcurrency": distributed.concurrency(state, scope),
        "toleratedFailureCount": count,
        "toleratedFailurePercentage": None if percentage is None else float(percentage),
    }
    if "items" in spec:
        machine.seen["afterItemsPath"] = spec["items"]
    items = spec.get("items", mock.items)
    if items is not None and {"ItemSelector", "Parameters"} & state.fields.keys():
        chosen = [branches.selected(state, scope, item, number) for number, item in enumerate(items)]
        machine.seen["afterItemSelector"] = chosen
    share = 100 * mock.failed / len(items) if items else 0
    too_many = (count is not None and mock.failed > count) or (percentage is not None and share > percentage)
    if mock.error is None and too_many:  # without a limit AWS accepts any number here
        cause = "The specified tolerated failure threshold was exceeded"
        raise StateFailure("States.ExceedToleratedFailureThreshold", cause)
