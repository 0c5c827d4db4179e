"""Pass, Succeed, Fail, Wait and Choice."""

from __future__ import annotations

from dataclasses import replace

from localcloud.stepfunctions.engine.driving import Driver
from localcloud.stepfunctions.engine.effects import Wake
from localcloud.stepfunctions.engine.frames import Frame
from localcloud.stepfunctions.language import evaluation, timestamps, values
from localcloud.stepfunctions.language.evaluation import unexpected
from localcloud.stepfunctions.language.jsonata import Template
from localcloud.stepfunctions.language.jsonpath import Path
from localcloud.stepfunctions.language.program import State
from localcloud.stepfunctions.language.scope import EvaluationFailure, Json, Scope, StateFailure

#: The most seconds of a Wait's Seconds, and of the wait until its Timestamp (AWS's answers).
MOST_SECONDS = 99_999_999
LONGEST_WAIT = 2**31 - 1


def begin_pass(machine: Driver, frame: Frame, state: State) -> None:
    """Pass its input or its Result on."""
    scope = machine.scope(frame, state)
    given = evaluation.effective_input(state, frame.input, scope)
    if not state.jsonata:
        given = evaluation.arguments(state, given, scope)
        given = state.raw.get("Result", given)
    machine.leave(frame, state, given)


def begin_succeed(machine: Driver, frame: Frame, state: State) -> None:
    """End this line of states."""
    machine.leave(frame, state, evaluation.effective_input(state, frame.input, machine.scope(frame, state)))


def begin_fail(machine: Driver, frame: Frame, state: State) -> None:
    """Fail with the state's error and cause."""
    scope = machine.scope(frame, state)
    found: dict[str, str | None] = {}
    for name in ("Error", "Cause"):
        if f"{name}Path" in state.fields:
            text = evaluation.value(state.fields[f"{name}Path"], f"{name}Path", scope)
        elif name in state.fields:
            text = evaluation.value(state.fields[name], name, scope)
        else:
            text = state.raw.get(name)
        if text is not None and not isinstance(text, str):
            kind = "States.QueryEvaluationError" if state.jsonata else "States.Runtime"
            raise EvaluationFailure(kind, f"The {name} field must be a string but was: {values.text(text)}", name)
        found[name] = text
    raise StateFailure(found["Error"], found["Cause"])


def begin_wait(machine: Driver, frame: Frame, state: State) -> None:
    """Wait for a number of seconds, or until a moment."""
    scope = machine.scope(frame, state)
    scope = replace(scope, value=evaluation.effective_input(state, frame.input, scope))
    moment = _moment(state, scope, machine.now)
    if moment - machine.now > LONGEST_WAIT:
        raise EvaluationFailure("States.Runtime", "Wait state delay is too long.")
    machine.effects.append(Wake(frame.id, frame.attempt, moment, "wait"))


def waited(machine: Driver, frame: Frame, reason: str) -> None:
    """The moment of a Wait has come."""
    state = machine.state(frame)
    machine.leave(frame, state, evaluation.effective_input(state, frame.input, machine.scope(frame, state)))


def _moment(state: State, scope: Scope, now: float) -> float:
    """When a Wait ends, in seconds since 1970."""
    fields = state.fields
    if "SecondsPath" in fields:
        return now + _seconds(fields["SecondsPath"], scope)
    if "TimestampPath" in fields:
        path = fields["TimestampPath"]
        assert isinstance(path, Path)
        found = _read(path, "TimestampPath", scope)
        until = timestamps.seconds(found) if isinstance(found, str) else None
        if until is None:
            raise EvaluationFailure(
                "States.Runtime",
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format "
                f"string: {path.text} == {found if isinstance(found, str) else values.text(found)}",
            )
        return until
    if "Timestamp" in state.raw:
        found = evaluation.value(fields["Timestamp"], "Timestamp", scope) if state.jsonata else state.raw["Timestamp"]
        until = timestamps.seconds(found) if isinstance(found, str) else None
        if until is None:
            raise EvaluationFailure(
                "States.QueryEvaluationError",
                "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: "
                f"{found if isinstance(found, str) else values.text(found)}",
                "Timestamp",
            )
        return until
    found = evaluation.value(fields["Seconds"], "Seconds", scope) if state.jsonata else state.raw["Seconds"]
    whole = values.whole(found)
    if whole is None or not 0 <= whole <= MOST_SECONDS:
        raise EvaluationFailure(
            "States.QueryEvaluationError",
            f"The Seconds field must be an integer from 0 to {MOST_SECONDS} but was: {values.text(found)}",
            "Seconds",
        )
    return now + whole


def _read(path: Path, name: str, scope: Scope) -> Json:
    try:
        return evaluation.path_value(path, scope)
    except EvaluationFailure:
        cause = f"The {name} parameter does not reference an input value: {path.text}"
        raise EvaluationFailure("States.Runtime", cause) from None


def _seconds(field: object, scope: Scope) -> int:
    assert isinstance(field, Path)
    found = _read(field, "SecondsPath", scope)
    shown = f"{field.text} == {found if isinstance(found, str) else values.text(found)}"
    if not isinstance(found, int) or isinstance(found, bool):
        raise EvaluationFailure(
            "States.Runtime", f"The SecondsPath parameter cannot be parsed as a long value: {shown}"
        )
    if found < 0:
        raise EvaluationFailure("States.Runtime", f"The SecondsPath parameter references a negative value: {shown}")
    return found


def begin_choice(machine: Driver, frame: Frame, state: State) -> None:
    """Go where the first rule that holds says, or else to the Default."""
    scope = machine.scope(frame, state)
    given = evaluation.effective_input(state, frame.input, scope)
    within = replace(scope, value=given)
    for option in state.options:
        if isinstance(option.rule, Template):
            holds = evaluation.value(option.rule, "Condition", within)
            if not isinstance(holds, bool):
                raise unexpected(option.rule, holds, expected="boolean", field="Condition")
        else:
            holds = option.rule.holds(within)
        if holds:
            machine.end_as_chosen(frame, state, given, option)
            return
    if "Default" not in state.raw:
        cause = "Failed to transition out of the state. The state does not point to a next state."
        raise EvaluationFailure("States.Runtime", cause)
    machine.end_as_chosen(frame, state, given, None)
