"""Map in the mode DISTRIBUTED, seen from its state machine: a Map run that somebody else carries out.

The runner reads the items, starts an execution for each, and tells the state how the Map run has ended
(:mod:`localcloud.stepfunctions.maprun`).

Source: Step Functions Developer Guide, "Using Map state in Distributed mode".
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace

from localcloud.stepfunctions.engine import history
from localcloud.stepfunctions.engine.driving import Driver
from localcloud.stepfunctions.engine.effects import StartMapRun
from localcloud.stepfunctions.engine.frames import Frame
from localcloud.stepfunctions.language import evaluation, values
from localcloud.stepfunctions.language.jsonpath import Path
from localcloud.stepfunctions.language.program import State
from localcloud.stepfunctions.language.scope import EvaluationFailure, Json, Scope, StateFailure

#: The most executions of a Map run at once.
MOST_CHILDREN = 10_000


def begin(machine: Driver, frame: Frame, state: State, given: Json, scope: Scope) -> None:
    """Work out what the Map run needs, and start it."""
    most = concurrency(state, scope)
    items = None if "ItemReader" in state.raw else evaluation.items_of(state, given, scope)
    length = len(items or ())
    machine.event(frame, ("MapStateStarted", {"mapStateStartedEventDetails": {"length": length}}))
    count, percentage = tolerated(state, scope)
    spec: dict[str, Json] = {
        "name": state.name,
        "place": [list(step) for step in (*frame.place, (state.name, 0))],
        "kind": state.processor_config.get("ExecutionType", "STANDARD"),
        "concurrency": most or MOST_CHILDREN,
        "tolerated_count": count,
        "tolerated_percentage": percentage,
        "variables": dict(frame.variables),
        "given": given,
        "context": dict(scope.context),
        "batch": _batch(state, scope),
    }
    if items is None:
        spec["reader"] = _inside(state, "ItemReader", scope)
        spec["reader"]["config"] = _reader_config(state, scope)
    else:
        spec["items"] = items
    if "ResultWriter" in state.raw:
        spec["writer"] = _inside(state, "ResultWriter", scope)
        spec["writer"]["config"] = state.raw["ResultWriter"].get("WriterConfig") or {}
    arn = _arn(machine, frame, state)
    started = machine.event(frame, ("MapRunStarted", {"mapRunStartedEventDetails": {"mapRunArn": arn}}))
    # What the state's exit follows has changed when variables, JSONata and ItemsPath beside ItemReader came. The newest
    # histories that AWS has recorded of a Map with a reader and without these are from before.
    older = items is None and not state.jsonata and not frame.variables and "ItemsPath" not in state.raw
    frame.work = {"arn": arn, "started": started, "older": older}
    machine.effects.append(StartMapRun(frame.id, frame.attempt, arn, spec))


def _arn(machine: Driver, frame: Frame, state: State) -> str:
    """A new Map run's ARN. Without a Label, the state has a UUID in the label's place; it stays the same."""
    machine_arn = machine.run.facts.machine_arn
    place = "/".join(f"{name}/{number}" for name, number in (*frame.place, (state.name, 0)))
    label = state.raw.get("Label") or uuid.uuid5(uuid.NAMESPACE_URL, f"{machine_arn}/{place}")
    return f"{machine_arn.replace(':stateMachine:', ':mapRun:')}/{label}:{uuid.uuid4()}"


def redrive(machine: Driver, frame: Frame, reason: str) -> None:
    """Let the Map run's failed executions go on."""
    frame.try_again()
    arn = frame.work["arn"]
    redriven = {"mapRunRedrivenEventDetails": {"mapRunArn": arn, "redriveCount": machine.run.redrives}}
    machine.event(frame, ("MapRunRedriven", redriven))
    machine.effects.append(StartMapRun(frame.id, frame.attempt, arn, {}))


def done(machine: Driver, frame: Frame, result: Json) -> None:
    """The Map run has succeeded."""
    state = machine.state(frame)
    succeeded = machine.event(frame, ("MapRunSucceeded", {}))
    machine.event(frame, ("MapStateSucceeded", {}), aside=True)
    frame.last = succeeded if frame.work["older"] else frame.work["started"]
    frame.work = {}
    machine.leave(frame, state, result)


def failed(machine: Driver, frame: Frame, error: str, cause: str | None) -> None:
    """The Map run has failed."""
    machine.event(frame, history.ended("MapRunFailed", error, cause))
    raise StateFailure(error, cause)


def concurrency(state: State, scope: Scope) -> int:
    """MaxConcurrency. 0: as many as the mode allows.

    Raises:
        EvaluationFailure: It is no number, or a negative one.
    """
    found = evaluation.number(state, "MaxConcurrency", scope)
    if found is not None and found < 0:
        kind = "States.QueryEvaluationError" if state.jsonata else "States.Runtime"
        raise EvaluationFailure(kind, "MaxConcurrency cannot be negative.", "MaxConcurrency" if state.jsonata else None)
    return int(found or 0)


def tolerated(state: State, scope: Scope) -> tuple[int | None, float | None]:
    """ToleratedFailureCount and ToleratedFailurePercentage."""
    count = evaluation.number(state, "ToleratedFailureCount", scope)
    percentage = evaluation.number(state, "ToleratedFailurePercentage", scope, integer=False)
    kind = "States.QueryEvaluationError" if state.jsonata else "States.Runtime"
    if count is not None and count < 0:
        raise EvaluationFailure(kind, "ToleratedFailureCount cannot be negative.")
    if percentage is not None and not 0 <= percentage <= 100:
        raise EvaluationFailure(kind, "ToleratedFailurePercentage must be between 0 and 100.")
    return (None if count is None else int(count)), percentage


def _inside(state: State, name: str, scope: Scope) -> dict[str, Json]:
    """A reader's or writer's Resource and arguments."""
    field = f"{name}/{'Arguments' if state.jsonata else 'Parameters'}"
    found = evaluation.value(state.fields[field], field, scope) if field in state.fields else {}
    if not isinstance(found, dict):
        raise evaluation.unexpected(state.fields[field], found, expected="object", field=field)
    return {"resource": state.raw[name].get("Resource"), "arguments": found}


def _reader_config(state: State, scope: Scope) -> dict[str, Json]:
    """A reader's ReaderConfig with MaxItems worked out."""
    config = dict(state.raw["ItemReader"].get("ReaderConfig") or {})
    found = _number(state, "ItemReader/ReaderConfig/MaxItems", "MaxItems", config, scope)
    config.pop("MaxItemsPath", None)
    if found is not None:
        config["MaxItems"] = found
    return config


def _batch(state: State, scope: Scope) -> Json:
    """An ItemBatcher with its numbers worked out. None: there is none."""
    given = state.raw.get("ItemBatcher")
    if given is None:
        return None
    found: dict[str, Json] = {
        name: _number(state, f"ItemBatcher/{name}", name, given, scope)
        for name in ("MaxItemsPerBatch", "MaxInputBytesPerBatch")
    }
    for name, number in found.items():
        if number is not None and number < 1:
            kind = "States.QueryEvaluationError" if state.jsonata else "States.Runtime"
            raise EvaluationFailure(kind, f"field {name} must be positive")
    if "BatchInput" in given:
        found["BatchInput"] = evaluation.value(state.fields["ItemBatcher/BatchInput"], "BatchInput", scope)
    return found


def _number(state: State, field: str, name: str, given: Mapping[str, Json], scope: Scope) -> int | None:
    if f"{field}Path" in state.fields:
        path = state.fields[f"{field}Path"]
        assert isinstance(path, Path)
        return int(evaluation.path_number(path, f"{name}Path", scope))
    if field in state.fields:
        found = evaluation.value(state.fields[field], name, replace(scope))
        if values.whole(found) is None:
            cause = f'The {name} field refers to value "{values.text(found)}" which is not an integer'
            raise EvaluationFailure("States.QueryEvaluationError", cause, name)
        return values.whole(found)
    return given.get(name)
