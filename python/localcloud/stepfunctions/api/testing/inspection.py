"""What ``inspectionData`` shows of a state: its input and its result on their way through the state's fields.

Which members a type of state has is recorded: a Pass state with a Result reads no input, and a Parallel state shows
only what becomes of its result. A state in JSONata has no members for the fields of JSONPath.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from localcloud.stepfunctions.api.testing.single_state import SingleState
from localcloud.stepfunctions.language import evaluation
from localcloud.stepfunctions.language.scope import EvaluationFailure, Json, Scope

#: What a state in JSONPath shows of its result.
RESULTS = {
    "Pass": ("afterResultSelector", "afterResultPath"),
    "Task": ("result", "afterResultSelector", "afterResultPath"),
    "Parallel": ("afterResultSelector", "afterResultPath"),
    "Map": ("afterItemsPath", "afterResultSelector", "afterResultPath"),
}
NUMBERS = ("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage")


def data(machine: SingleState, given: Json) -> dict[str, Any]:
    """``inspectionData`` of a state that has run.

    Args:
        given: The state's input.
    """
    shown = _jsonata(machine, given) if machine.tested.jsonata else _jsonpath(machine, given)
    found: dict[str, Any] = {name: text(value) for name, value in shown}
    found |= {name: machine.seen[name] for name in NUMBERS if name in machine.seen}
    if details := _details(machine):
        found["errorDetails"] = details
    return found


def text(value: Json) -> str:
    """A value as TestState writes it: unlike an execution's output, with blanks.

    Example::

        >>> text({"a": [1, 2], "ü": None})
        '{"a": [1, 2], "ü": null}'
    """
    return json.dumps(value, ensure_ascii=False)


def _jsonata(machine: SingleState, given: Json) -> Iterator[tuple[str, Json]]:
    yield "input", given
    if machine.tested.kind == "Task":
        yield from (("afterArguments", arguments) for arguments in machine.arguments)
        yield from _seen(machine, "result")
    yield from _last(machine)


def _jsonpath(machine: SingleState, given: Json) -> Iterator[tuple[str, Json]]:
    state = machine.tested
    yield "input", given
    fixed = state.kind == "Pass" and "Result" in state.raw
    if state.kind != "Parallel" and not fixed:
        assert machine.root is not None
        scope = Scope(given, machine.tested_context, machine.root.variables)
        try:
            yield "afterInputPath", evaluation.effective_input(state, given, scope)
        except EvaluationFailure:
            return  # the state has failed there
    yield from (("afterParameters", arguments) for arguments in machine.arguments)
    if fixed:
        yield from _seen(machine, "result")
    elif state.kind == "Pass" and "result" in machine.seen:
        yield "afterParameters", machine.seen["result"]
    yield from _seen(machine, *RESULTS.get(state.kind, ()))
    yield from _last(machine)


def _last(machine: SingleState) -> Iterator[tuple[str, Json]]:
    yield from _seen(machine, "afterItemSelector")
    if machine.root is not None and machine.root.variables:
        yield "variables", dict(machine.root.variables)


def _seen(machine: SingleState, *names: str) -> Iterator[tuple[str, Json]]:
    yield from ((name, machine.seen[name]) for name in names if name in machine.seen)


def _details(machine: SingleState) -> dict[str, int]:
    """``errorDetails``: which entries of Retry and Catch match the error, and how long AWS waits before a retry."""
    backoff = machine.backoff
    return machine.handled if backoff is None else {**machine.handled, "retryBackoffIntervalSeconds": round(backoff)}
