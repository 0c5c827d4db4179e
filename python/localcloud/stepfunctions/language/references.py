"""The variables that each state reads: ``variableReferences`` of DescribeStateMachine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from localcloud.stepfunctions.language.intrinsics import Call, InvalidCall
from localcloud.stepfunctions.language.jsonata import Expression, InvalidExpression, is_expression
from localcloud.stepfunctions.language.pathsyntax import InvalidPath
from localcloud.stepfunctions.language.scope import Json
from localcloud.stepfunctions.language.templates import reading

#: What holds states of its own, whose variables are theirs.
_BELOW = ("Branches", "ItemProcessor", "Iterator", "States")


def of_states(definition: Mapping[str, Json], *, jsonata: bool) -> dict[str, tuple[str, ...]]:
    """The sorted names of the variables that each state reads, in the order of the states. Others are left out.

    Example::

        >>> states = {"A": {"Type": "Pass", "InputPath": "$x", "End": True}, "B": {"Type": "Succeed"}}
        >>> of_states({"StartAt": "A", "States": states}, jsonata=False)
        {'A': ('x',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    jsonata = definition.get("QueryLanguage", "JSONata" if jsonata else "JSONPath") == "JSONata"
    for name, state in (definition.get("States") or {}).items():
        if not isinstance(state, dict):
            continue
        here = state.get("QueryLanguage", "JSONata" if jsonata else "JSONPath") == "JSONata"
        own = {key: value for key, value in state.items() if key not in _BELOW}
        if names := set(_expressions(own) if here else _paths(own)):
            found[name] = tuple(sorted(names))
        below = [*(state.get("Branches") or ()), state.get("ItemProcessor"), state.get("Iterator")]
        for inside in below:
            if isinstance(inside, dict):
                found |= of_states(inside, jsonata=jsonata)
    return found


def _expressions(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for inside in value.values():
            yield from _expressions(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _expressions(inside)
    elif isinstance(value, str) and is_expression(value):
        try:
            yield from Expression(value[2:-2].strip()).variables
        except InvalidExpression:  # in a field without expressions, such as ErrorEquals
            return


def _paths(value: Json, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from _paths(inside, name)
    elif isinstance(value, list):
        for inside in value:
            yield from _paths(inside)
    elif isinstance(value, str) and (key.endswith((".$", "Path")) or key == "Variable"):
        try:
            source = reading(value)
        except (InvalidPath, InvalidCall):
            return
        for path in source.paths() if isinstance(source, Call) else (source,):
            if path.variable is not None:
                yield path.variable
