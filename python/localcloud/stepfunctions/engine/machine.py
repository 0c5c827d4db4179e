"""Drives an execution: enters and leaves states, retries and catches, and ends.

Whatever happens comes in through one of the public methods. The machine then goes on until every frame waits for
something, writes events, and leaves effects for the caller. It keeps no thread and reads no clock.

The order of the events and their ``previousEventId`` are those of the histories that AWS has recorded.
"""

from __future__ import annotations

import copy
import random
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from localcloud.stepfunctions.engine import branches, distributed, history, simple, tasks
from localcloud.stepfunctions.engine.effects import Cancel, Effect, Ended, StopMapRun, Wake
from localcloud.stepfunctions.engine.frames import Frame, Run, frame_from, frame_json
from localcloud.stepfunctions.engine.resuming import asked_again, note
from localcloud.stepfunctions.engine.retrying import catcher_for, retry
from localcloud.stepfunctions.language import evaluation, timestamps, values
from localcloud.stepfunctions.language.program import Option, Program, State
from localcloud.stepfunctions.language.scope import EvaluationFailure, Json, Scope, StateFailure
from localcloud.stepfunctions.language.values import too_large

#: The most events of a Standard execution (Step Functions Developer Guide, "Service quotas").
MOST_EVENTS = 25_000
#: The longest that an Express execution may take, in seconds (as above).
LONGEST_EXPRESS = 300
#: The most states that a branch of an Express execution enters without a wait. Its history has no limit, and on AWS a
#: loop that waits for nothing ends with its five minutes. Here no time passes in such a loop, so it ends after this
#: many states. Those of the iterations of a long Map do not count together: no loop goes through them.
MOST_EXPRESS_STEPS = 50_000

_BEGIN: dict[str, Callable[[Machine, Frame, State], None]] = {
    "Pass": simple.begin_pass,
    "Succeed": simple.begin_succeed,
    "Fail": simple.begin_fail,
    "Wait": simple.begin_wait,
    "Choice": simple.begin_choice,
    "Task": tasks.begin,
    "Parallel": branches.begin_parallel,
    "Map": branches.begin_map,
}


class _HistoryFull(Exception):
    """The history has as many events as it may have."""


class Machine:
    """One execution, ready to go on.

    Attributes:
        program: The compiled definition.
        run: The execution's state. It is all that must be kept to go on later.
        events: The events that were written since the caller took them last.
        effects: What the caller must do.
        touched: The frames that may have changed since the caller asked last, by id; some of them are gone.
        now: The time of what happens now, in seconds since 1970.
        region: The AWS region, which some events show.
    """

    def __init__(
        self,
        program: Program,
        run: Run,
        *,
        region: str = "us-east-1",
        draw: Callable[[], float] = random.random,
        new_token: Callable[[], str] = lambda: secrets.token_urlsafe(96),
    ) -> None:
        self.program = program
        self.run = run
        self.region = region
        self.draw = draw
        self.new_token = new_token
        self.events: list[dict[str, Json]] = []
        self.effects: list[Effect] = []
        self.touched: set[int] = set()
        self.now = run.facts.started
        self._queue: deque[tuple[int, Callable[..., None], tuple[Any, ...]]] = deque()

    # What happens

    def start(self, given: Json, *, now: float) -> None:
        """Begin the execution with its input."""
        self.now = now
        root = self.new_frame(None, (), 0, last=0)
        self.event(root, history.started(self.text(given), self.run.facts.role_arn), aside=True)
        self._limit()
        self.later(root, _enter, self.program.start, given)
        self._drain()

    def woken(self, wakes: Iterable[Wake], *, now: float) -> None:
        """The moment that some :class:`Wake` have asked for has come."""
        self.now = now
        handlers = {"wait": simple.waited, "retry": _again, "timeout": tasks.timed_out, "heartbeat": tasks.timed_out}
        for wake in wakes:
            frame = self.run.frames.get(wake.frame)
            if wake.frame == 0:
                self._time_out()
            elif frame is not None and frame.attempt == wake.attempt:
                if frame.waits.get(wake.reason) == wake.moment:
                    del frame.waits[wake.reason]
                self.later(frame, handlers[wake.reason], wake.reason)
        self._drain()

    def tell(self, frame: int, attempt: int, step: Callable[..., None], *given: Any, now: float) -> None:
        """Something happened to what a frame has begun. It is left aside if the frame has gone on since."""
        self.now = now
        there = self.run.frames.get(frame)
        if there is None or there.attempt != attempt or self.run.status != "RUNNING":
            return
        self.later(there, step, *given)
        self._drain()

    def stop(self, error: str | None, cause: str | None, *, now: float) -> None:
        """End the execution from outside: StopExecution."""
        if self.run.status != "RUNNING":
            return
        self.now = now
        self._keep_for_redrive()
        self.run.error, self.run.cause = error, cause
        self._end("ABORTED", history.ended("ExecutionAborted", error, cause), before=0)

    def give_up(self, cause: str) -> None:
        """End the execution because of a fault that is not its own."""
        if self.run.status == "RUNNING":
            self.run.error, self.run.cause = "States.Runtime", cause
            self._end("FAILED", history.ended("ExecutionFailed", "States.Runtime", cause), before=0)

    def redrive(self, *, now: float) -> None:
        """Go on where the execution failed: states that have succeeded do not run again."""
        self.now = now
        run = self.run
        run.redrives += 1
        run.redriven, run.status, run.error, run.cause, run.output = now, "RUNNING", None, None, None
        kept = sorted(run.failed_at, key=lambda frame: int(frame["id"]))
        run.frames = {frame["id"]: frame_from(copy.deepcopy(frame)) for frame in kept}
        self.touched.update(run.frames)
        run.failed_at = []
        root = min(run.frames.values(), key=lambda frame: frame.id)
        redriven = {"executionRedrivenEventDetails": {"redriveCount": run.redrives}}
        before = self.event(root, ("ExecutionRedriven", redriven), before=root.last)
        self._limit()
        parents = {frame.parent for frame in run.frames.values()}
        for frame in list(run.frames.values()):
            if frame.id not in parents:
                frame.retries = {}
                frame.last = before
                if "ahead" in frame.work:
                    self.later(frame, _enter, *frame.work["ahead"])
                    continue
                if "done" in frame.work and frame.parent is not None:
                    self.later(run.frames[frame.parent], branches.child_done, frame.id, frame.work["done"])
                    continue
                step = distributed.redrive if self.state(frame).distributed and frame.work.get("arn") else _again
                self.later(frame, step, "redrive")
        self._drain()

    def resume(self) -> None:
        """Ask again for everything that the run waits for: whoever was asked is gone. Its frames stay as they are."""
        self.effects += asked_again(self.run, self.state)

    # What the handlers of the states use

    def text(self, value: Json) -> str:
        """A value as an event shows it. While the input is passed on, it keeps the form in which it was written."""
        written = self.run.facts.written
        return written if written is not None and value is self.run.facts.input else values.text(value)

    def state(self, frame: Frame) -> State:
        """The frame's current state."""
        return self.program.at(frame.place).states[frame.state]

    def new_frame(self, parent: Frame | None, place: tuple[tuple[str, int], ...], index: int, *, last: int) -> Frame:
        """A new frame. It sees its parent's variables."""
        frame = Frame(self.run.next_frame, parent.id if parent else None, place, index, last)
        self.run.next_frame += 1
        if parent is not None:
            frame.variables, frame.item = parent.variables, parent.item
        self.run.frames[frame.id] = frame
        self.touched.add(frame.id)
        return frame

    def later(self, frame: Frame, step: Callable[..., None], *given: Any) -> None:
        """Let a step run after the steps that wait already."""
        self._queue.append((frame.id, step, given))

    def enter_later(self, frame: Frame, name: str, given: Json) -> None:
        """Let a frame enter a state after the steps that wait already."""
        self.later(frame, _enter, name, given)

    def event(
        self, frame: Frame, what: tuple[str, Mapping[str, Json]], *, before: int | None = None, aside: bool = False
    ) -> int:
        """Write an event, and return its id.

        Args:
            before: The id of the event before it. None: the frame's last one.
            aside: The frame's next event does not follow this one.
        """
        if self.run.events >= MOST_EVENTS - 1 and not self.run.facts.express and self.run.status == "RUNNING":
            raise _HistoryFull
        self.run.events += 1
        kind, details = what
        self.events.append(
            {
                "timestamp": self.now,
                "type": kind,
                "id": self.run.events,
                "previousEventId": frame.last if before is None else before,
                **details,
            }
        )
        if not aside:
            frame.last = self.run.events
        return self.run.events

    def context(self, frame: Frame, state: State) -> dict[str, Json]:
        """The context object."""
        facts = self.run.facts
        execution: dict[str, Json] = {
            "Id": facts.arn,
            "Input": facts.input,
            "StartTime": timestamps.written(facts.started),
            "Name": facts.name,
            "RoleArn": facts.role_arn,
        }
        if not facts.sync:
            execution["RedriveCount"] = self.run.redrives
        if self.run.redriven is not None:
            execution["RedriveTime"] = timestamps.written(self.run.redriven)
        here: dict[str, Json] = {"Name": frame.state, "EnteredTime": timestamps.written(frame.entered)}
        if state.kind in ("Task", "Parallel", "Map"):
            here["RetryCount"] = sum(frame.retries.values())
        found: dict[str, Json] = {
            "Execution": execution,
            "StateMachine": {"Id": facts.machine_arn, "Name": facts.machine_name},
            "State": here,
        }
        if frame.item is not None:
            found["Map"] = {"Item": frame.item}
        if token := frame.work.get("token"):
            found["Task"] = {"Token": token}
        return found

    def scope(self, frame: Frame, state: State) -> Scope:
        """What the state's fields can read."""
        return Scope(frame.input, self.context(frame, state), frame.variables, {"input": frame.input})

    def leave(self, frame: Frame, state: State, result: Json, *, chosen: Option | None = None) -> None:
        """The state has done its work: compute its output, and go on."""
        scope = self.scope(frame, state)
        output, assigned = evaluation.leaving(state, frame.input, scope, result, chosen=chosen)
        self._go_on(frame, state, output, assigned, chosen.next if chosen else state.next)

    def _go_on(
        self, frame: Frame, state: State, output: Json, assigned: Mapping[str, Json], goes_to: str | None
    ) -> None:
        if too_large(output):
            raise StateFailure(
                "States.DataLimitExceeded",
                f"The state/task '{state.name}' returned a result with a size exceeding the maximum number of bytes "
                "service limit.",
            )
        self.event(frame, history.exited(state.kind, state.name, self.text(output), assigned))
        frame.variables = evaluation.merged(frame.variables, assigned)
        frame.work = {}
        if goes_to is not None:
            self.later(frame, _enter, goes_to, output)
        elif frame.parent is not None:
            self.later(self.run.frames[frame.parent], branches.child_done, frame.id, output)
        else:
            self.run.output = output
            self._end("SUCCEEDED", history.succeeded(self.text(output)), before=frame.last)

    def end_as_chosen(self, frame: Frame, state: State, result: Json, chosen: Option | None) -> None:
        """Leave a Choice for the state that it has chosen, or for its Default."""
        scope = self.scope(frame, state)
        output, assigned = evaluation.leaving(state, frame.input, scope, result, chosen=chosen)
        self._go_on(frame, state, output, assigned, chosen.next if chosen else state.raw["Default"])

    def drop(self, frame: Frame) -> None:
        """Forget a frame and everything below it."""
        for other in [other for other in self.run.frames.values() if other.parent == frame.id]:
            self.drop(other)
        self.forget(frame)
        self.run.frames.pop(frame.id, None)
        self.touched.add(frame.id)

    def forget(self, frame: Frame) -> None:
        """Nobody waits any more for what the frame has begun."""
        if arn := frame.work.get("arn"):
            self.effects.append(StopMapRun(frame.id, arn))
        elif frame.work.get("token") or frame.work.get("job"):
            self.effects.append(Cancel(frame.id, frame.attempt, frame.work.get("job"), frame.work.get("role")))

    # Failures

    def fail(self, frame: Frame, state: State, failure: StateFailure) -> None:
        """A state has failed: retry it, catch the error, or let it fail what it belongs to."""
        error, cause = failure.error, failure.cause
        if isinstance(failure, EvaluationFailure):
            place = f"An error occurred while executing the state '{state.name}' (entered at the event id "
            cause = f"{place}#{frame.entered_event}). {cause}"
            if error == "States.QueryEvaluationError":
                begun = state.kind == "Wait" and "cannot be parsed" in cause
                what = history.evaluation_failed(error, cause, failure.location, state.name)
                self.event(frame, what, before=None if begun else frame.before)
        if error == "States.Runtime" or state.kind == "Fail":
            self.lost(frame, state, error, cause)
            return
        delay = retry(state, frame, failure, self.draw)
        if delay is not None:
            self.forget(frame)
            for child in [other for other in self.run.frames.values() if other.parent == frame.id]:
                self.drop(child)
            self._recovered(frame)
            frame.try_again()
            frame.work = {}
            self.effects.append(Wake(frame.id, frame.attempt, self.now + delay, "retry"))
            return
        catcher = catcher_for(state, failure)
        if catcher is None:
            self.lost(frame, state, error, cause)
            return
        self._failed_event(frame, state)
        self.forget(frame)
        for child in [other for other in self.run.frames.values() if other.parent == frame.id]:
            self.drop(child)
        scope = self.scope(frame, state)
        given = {"Error": error, "Cause": cause if cause is not None or error is None else ""}
        output, assigned = evaluation.caught(state, frame.input, scope, given, catcher)
        self._recovered(frame)
        frame.try_again()
        self._go_on(frame, state, output, assigned, catcher.next)

    def lost(self, frame: Frame, state: State, error: str | None, cause: str | None) -> None:
        """A state has failed for good, and with it what it belongs to."""
        if not self.run.failed_at:
            self._keep_for_redrive(frame)
        if error != "States.Runtime":
            self._failed_event(frame, state)
        if frame.parent is None:
            self.run.error, self.run.cause = error, cause
            self._end("FAILED", history.ended("ExecutionFailed", error, cause), before=frame.last)
        else:
            self.later(self.run.frames[frame.parent], branches.child_failed, frame.id, error, cause)

    def _failed_event(self, frame: Frame, state: State) -> None:
        if state.kind in ("Parallel", "Map"):
            self.event(frame, (f"{state.kind}StateFailed", {}))

    def _keep_for_redrive(self, failed: Frame | None = None) -> None:
        """Keep the frames as they are, the failed one first, with the step that each has ahead of it."""
        kept = {frame.id: frame_json(copy.deepcopy(frame)) for frame in self.run.frames.values()}
        for number, step, given in self._queue:
            if step is _enter and number in kept:
                kept[number]["work"] = {"ahead": copy.deepcopy(list(given))}
            elif step is branches.child_done and given[0] in kept:
                kept[given[0]]["work"] = {"done": copy.deepcopy(given[1])}
        self.run.failed_at = sorted(kept.values(), key=lambda frame: failed is None or frame["id"] != failed.id)

    def _recovered(self, frame: Frame) -> None:
        """A failure of a frame, or of one below it, is retried or caught: a redrive does not go back to it."""
        if not self.run.failed_at:
            return
        parents = {kept["id"]: kept["parent"] for kept in self.run.failed_at}
        at = self.run.failed_at[0]["id"]
        while at is not None and at != frame.id:
            at = parents.get(at)
        if at is not None:
            self.run.failed_at = []

    def _limit(self) -> None:
        """The execution may take so long, and no longer."""
        limits = [seconds for seconds in (self.program.timeout, LONGEST_EXPRESS) if seconds is not None]
        seconds = min(limits) if self.run.facts.express else self.program.timeout
        if seconds is not None:
            self.run.until = self.now + seconds
            self.effects.append(Wake(0, 0, self.run.until, "timeout"))

    def _time_out(self) -> None:
        if self.run.status != "RUNNING":
            return
        if self.run.until is not None and self.now < self.run.until:
            return  # the limit was that of the time before a redrive
        self._keep_for_redrive()
        self._end("TIMED_OUT", ("ExecutionTimedOut", {"executionTimedOutEventDetails": {}}), before=0)

    def _end(self, status: str, what: tuple[str, Mapping[str, Json]], *, before: int) -> None:
        self.run.status = status
        for frame in list(self.run.frames.values()):
            if frame.parent is None:
                self.event(frame, what, before=before)
                self.drop(frame)
        if status == "SUCCEEDED":
            self.run.failed_at = []
        self._queue.clear()
        self.effects.append(Ended(status))

    def _drain(self) -> None:
        begin = len(self.effects)
        self._carry_on()
        note(self.run, self.effects[begin:])

    def _carry_on(self) -> None:
        entered: Counter[int] = Counter()
        while self._queue:
            number, step, given = self._queue.popleft()
            self.touched.add(number)
            entered[number] += step is _enter
            if self.run.facts.express and entered[number] > MOST_EXPRESS_STEPS:
                self._time_out()
                return
            frame = self.run.frames.get(number)
            if frame is None or self.run.status != "RUNNING":
                continue
            try:
                self._step(frame, step, given)
            except _HistoryFull:
                self.run.cause = f"The execution reached the maximum number of history events ({MOST_EVENTS})."
                self._end("FAILED", history.ended("ExecutionFailed", None, self.run.cause), before=frame.last)

    def _step(self, frame: Frame, step: Callable[..., None], given: tuple[Any, ...]) -> None:
        try:
            step(self, frame, *given)
        except StateFailure as failure:
            state = self.state(frame)
            try:
                self.fail(frame, state, failure)
            except StateFailure as second:  # the Catch itself has failed
                cause = second.cause
                if isinstance(second, EvaluationFailure):
                    cause = f"An error occurred while executing the state '{state.name}' (entered at the event id "
                    cause = f"{cause}#{frame.entered_event}). {second.cause}"
                self.lost(frame, state, second.error, cause)


def _enter(machine: Machine, frame: Frame, name: str, given: Json) -> None:
    """Enter a state and begin its work."""
    frame.state, frame.input = name, given
    frame.entered, frame.before = machine.now, frame.last
    frame.try_again()
    frame.retries, frame.work = {}, {}
    state = machine.state(frame)
    frame.entered_event = machine.event(frame, history.entered(state.kind, name, machine.text(given)))
    _BEGIN[state.kind](machine, frame, state)


def _again(machine: Machine, frame: Frame, reason: str) -> None:
    """Begin the state's work once more: after a delay of Retry, or in a redrive."""
    frame.try_again()
    frame.work = {}
    state = machine.state(frame)
    _BEGIN[state.kind](machine, frame, state)
