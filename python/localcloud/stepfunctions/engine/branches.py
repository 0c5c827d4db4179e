"""Parallel, and Map in the mode INLINE: a frame for each branch or iteration.

Sources: Step Functions Developer Guide, "Parallel workflow state", "Using Map state in Inline mode".
"""

from __future__ import annotations

from dataclasses import replace

from localcloud.stepfunctions.engine import distributed, history
from localcloud.stepfunctions.engine.driving import Driver
from localcloud.stepfunctions.engine.frames import Frame
from localcloud.stepfunctions.language import evaluation
from localcloud.stepfunctions.language.program import State
from localcloud.stepfunctions.language.scope import Json, Scope, StateFailure

#: The most iterations of an inline Map that run at once.
MOST_INLINE = 40


def begin_parallel(machine: Driver, frame: Frame, state: State) -> None:
    """Start every branch with the same input."""
    scope = machine.scope(frame, state)
    given = evaluation.effective_input(state, frame.input, scope)
    given = evaluation.arguments(state, given, scope)
    started = machine.event(frame, ("ParallelStateStarted", {}))
    frame.work = {"results": [None] * len(state.branches), "left": len(state.branches)}
    for number, branch in enumerate(state.branches):
        child = machine.new_frame(frame, (*frame.place, (state.name, number)), number, last=started)
        machine.enter_later(child, branch.start, given)


def begin_map(machine: Driver, frame: Frame, state: State) -> None:
    """Start the first iterations; in the mode DISTRIBUTED start a Map run."""
    scope = machine.scope(frame, state)
    given = evaluation.effective_input(state, frame.input, scope)
    within = replace(scope, value=given)
    if state.distributed:
        distributed.begin(machine, frame, state, given, within)
        return
    items = evaluation.items_of(state, given, within)
    most = distributed.concurrency(state, within)
    started = machine.event(frame, ("MapStateStarted", {"mapStateStartedEventDetails": {"length": len(items)}}))
    frame.work = {
        "items": items,
        "results": [None] * len(items),
        "left": len(items),
        "next": 0,
        "given": given,
        "last": started,
    }
    if not items:
        _all_done(machine, frame, state)
        return
    begun = [_iterate(machine, frame, state, started) for _ in range(min(most or MOST_INLINE, MOST_INLINE, len(items)))]
    for child, item in begun:
        machine.enter_later(child, state.branches[0].start, item)


def selected(state: State, scope: Scope, item: Json, number: int) -> Json:
    """An item as the Map's ItemSelector makes it."""
    name = "ItemSelector" if "ItemSelector" in state.fields else "Parameters"
    if name not in state.fields:
        return item
    context = {**scope.context, "Map": {"Item": {"Index": number, "Value": item}}}
    return evaluation.value(state.fields[name], name, replace(scope, context=context))


def _iterate(machine: Driver, frame: Frame, state: State, before: int) -> tuple[Frame, Json]:
    """Start the next iteration: its frame, and what it works on."""
    number = frame.work["next"]
    frame.work["next"] = number + 1
    item = frame.work["items"][number]
    scope = replace(machine.scope(frame, state), value=frame.work["given"])
    given = selected(state, scope, item, number)
    child = machine.new_frame(frame, (*frame.place, (state.name, 0)), number, last=before)
    child.item = {"Index": number, "Value": item}
    machine.event(child, history.iteration("Started", state.name, number))
    return child, given


def child_done(machine: Driver, frame: Frame, child_id: int, output: Json) -> None:
    """A branch or an iteration has ended well."""
    child = machine.run.frames.pop(child_id, None)
    if child is None:
        return  # another one failed at the same moment, and this one ended with it
    state = machine.state(frame)
    frame.work["results"][child.index] = output
    frame.work["left"] -= 1
    if state.kind == "Parallel":
        if frame.work["left"] == 0:
            frame.last = child.last
            machine.event(frame, ("ParallelStateSucceeded", {}), aside=True)
            machine.leave(frame, state, frame.work["results"])
        return
    event = history.iteration("Succeeded", state.name, child.index)
    frame.work["last"] = machine.event(child, event, aside=True)
    if frame.work["next"] < len(frame.work["items"]):
        other, item = _iterate(machine, frame, state, child.last)
        machine.enter_later(other, state.branches[0].start, item)
    elif frame.work["left"] == 0:
        _all_done(machine, frame, state)


def _all_done(machine: Driver, frame: Frame, state: State) -> None:
    frame.last = frame.work["last"]
    machine.event(frame, ("MapStateSucceeded", {}), aside=True)
    machine.leave(frame, state, frame.work["results"])


def child_failed(machine: Driver, frame: Frame, child_id: int, error: str | None, cause: str | None) -> None:
    """A branch or an iteration has failed: the others end, and the state fails with its error."""
    child = machine.run.frames.get(child_id)
    if child is None:
        return  # another one failed first
    state = machine.state(frame)
    others = [other for other in machine.run.frames.values() if other.parent == frame.id and other.id != child.id]
    frame.last = child.last
    if state.kind == "Map":
        machine.event(frame, history.iteration("Failed", state.name, child.index), aside=True)
    _aborted(machine, frame, child)
    for other in others:
        if state.kind == "Map":
            machine.event(frame, history.iteration("Aborted", state.name, other.index), aside=True)
        _aborted(machine, frame, other)
    for other in (child, *others):
        machine.drop(other)
    raise StateFailure(error, cause)


def _aborted(machine: Driver, frame: Frame, child: Frame) -> None:
    """Write that the current state of a line of states was aborted, and those below it."""
    for below in [other for other in machine.run.frames.values() if other.parent == child.id]:
        _aborted(machine, frame, below)
    if child.state and machine.state(child).kind in ("Task", "Wait", "Parallel", "Map"):
        machine.event(frame, (f"{machine.state(child).kind}StateAborted", {}), aside=True)
