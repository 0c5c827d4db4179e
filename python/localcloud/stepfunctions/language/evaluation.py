"""How a state's fields turn its input into arguments, and its result into an output and variables.

Sources: Step Functions Developer Guide, "Processing input and output in Step Functions", "Passing data between states
with variables", "Transforming data with JSONata".

Example::

    >>> from localcloud.stepfunctions.language.compiler import compile_definition
    >>> state = compile_definition('''{"StartAt": "A", "States": {"A": {
    ...     "Type": "Pass", "Result": 3, "ResultPath": "$.n", "Assign": {"m.$": "$"}, "End": true}}}''').states["A"]
    >>> leaving(state, {"a": 1}, Scope(), 3)
    ({'a': 1, 'n': 3}, {'m': 3})
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

from localcloud.stepfunctions.language import values
from localcloud.stepfunctions.language.jsonata import Template
from localcloud.stepfunctions.language.jsonpath import NoResults, Path
from localcloud.stepfunctions.language.pathsyntax import Index, Key
from localcloud.stepfunctions.language.program import Catcher, Field, Option, State
from localcloud.stepfunctions.language.scope import EvaluationFailure, Json, Scope
from localcloud.stepfunctions.language.templates import Payload, read
from localcloud.stepfunctions.language.values import kind


def value(field: Field | None, name: str, scope: Scope) -> Json:
    """What one field gives.

    Raises:
        EvaluationFailure: It cannot be evaluated.
    """
    if field is None:
        return None
    if isinstance(field, Template):
        return field.evaluate({**scope.states, "context": scope.context}, scope.variables, field=name)
    if isinstance(field, Payload):
        return field.evaluate(scope)
    return read(field, scope, name)


def path_value(field: Field | None, scope: Scope) -> Json:
    """What a path that is a field by itself finds: InputPath, OutputPath, SecondsPath …

    Raises:
        EvaluationFailure: States.Runtime, in AWS's words.
    """
    assert isinstance(field, Path)
    try:
        return field.read(scope)
    except NoResults as error:
        raise EvaluationFailure("States.Runtime", f"Invalid path '{field.text}' : {error}") from None


def effective_input(state: State, given: Json, scope: Scope) -> Json:
    """The state's input after InputPath."""
    if state.jsonata or "InputPath" not in state.fields:
        return given
    field = state.fields["InputPath"]
    return {} if field is None else path_value(field, scope.at(given))


def arguments(state: State, given: Json, scope: Scope) -> Json:
    """What a Task, a Parallel or a Pass works on: Parameters or Arguments, or else the effective input.

    Args:
        given: The effective input.
    """
    name = "Arguments" if state.jsonata else "Parameters"
    if name not in state.fields:
        return given
    return value(state.fields[name], name, scope.at(given))


def leaving(
    state: State, given: Json, scope: Scope, result: Json, *, chosen: Option | None = None
) -> tuple[Json, dict[str, Json]]:
    """The state's output and the variables that it assigns.

    Args:
        given: The state's input, before InputPath.
        result: What the state has done. For a state that does nothing: its effective input.
        chosen: The entry of Choices that was taken. Its Assign and Output count, and the state's own do not: those
            are for the Default (Amazon States Language, "Choice State").

    Raises:
        EvaluationFailure: A field cannot be evaluated.
    """
    fields = state.fields
    if chosen is not None:
        fields = {name: field for name, field in fields.items() if name not in ("Assign", "Output")} | {**chosen.fields}
    if state.jsonata:
        done = {} if state.kind in ("Choice", "Wait", "Succeed", "Pass") else {"result": result}
        within = replace(scope, states={"input": given, **done})
        variables = value(fields["Assign"], "Assign", within) if "Assign" in fields else {}
        return (value(fields["Output"], "Output", within) if "Output" in fields else result), variables
    if "ResultSelector" in fields:
        result = value(fields["ResultSelector"], "ResultSelector", scope.at(result))
    variables = value(fields["Assign"], "Assign", scope.at(result)) if "Assign" in fields else {}
    output = result
    if "ResultPath" in fields:
        output = placed(fields["ResultPath"], given, result)
    if "OutputPath" in fields:
        field = fields["OutputPath"]
        output = {} if field is None else path_value(field, scope.at(output))
    return output, variables


def caught(state: State, given: Json, scope: Scope, error: Json, catcher: Catcher) -> tuple[Json, dict[str, Json]]:
    """The output and the variables of a state whose error a Catch has caught.

    Args:
        error: ``{"Error": …, "Cause": …}``.
    """
    fields = catcher.fields
    if state.jsonata:
        within = replace(scope, states={"input": given, "errorOutput": error})
        variables = value(fields["Assign"], "Assign", within) if "Assign" in fields else {}
        return (value(fields["Output"], "Output", within) if "Output" in fields else error), variables
    variables = value(fields["Assign"], "Assign", scope.at(error)) if "Assign" in fields else {}
    return (placed(fields["ResultPath"], given, error) if "ResultPath" in fields else error), variables


def placed(path: Field | None, given: Json, result: Json) -> Json:
    """The input with the result at ResultPath.

    Raises:
        EvaluationFailure: States.ResultPathMatchFailure: the input has no place for it.

    Example::

        >>> placed(Path("$.a.b"), {"a": {"c": 1}}, 2), placed(Path("$.a.b"), {}, 2), placed(None, {"a": 1}, 2)
        ({'a': {'c': 1, 'b': 2}}, {'a': {'b': 2}}, {'a': 1})
    """
    if path is None:
        return given
    assert isinstance(path, Path)
    if not path.steps:
        return result
    whole = {"": copy.copy(given)}
    above: Json = whole
    key: str | int = ""
    for step in path.steps:
        at = above[key]
        if isinstance(step, Key) and (isinstance(at, dict) or at is None):
            above[key] = at = dict(at or {})
            above, key = at, step.name
            at.setdefault(step.name, None)
        elif isinstance(step, Index) and isinstance(at, list) and 0 <= step.number < len(at):
            above[key] = at = list(at)
            above, key = at, step.number
        else:
            cause = f"Unable to apply ReferencePath {path.text} to input {values.text(given)}"
            raise EvaluationFailure("States.ResultPathMatchFailure", cause)
    above[key] = result
    return whole[""]


def number(state: State, name: str, scope: Scope, *, integer: bool = True) -> float | None:
    """A numeric field: written as it is, read from its ``…Path``, or a JSONata expression. None: there is none.

    Args:
        name: ``MaxConcurrency``, ``ToleratedFailurePercentage`` …
        integer: Whether a fraction is refused.

    Raises:
        EvaluationFailure: What the path or the expression gives is no such number.
    """
    if state.jsonata:
        field = state.fields.get(name)
        if field is None:
            return None
        found = value(field, name, scope)
        fits = values.whole(found) is not None if integer else values.is_number(found)
        if not fits:
            what = "an integer" if integer and values.is_number(found) else "a number"
            cause = f'The {name} field refers to value "{_shown(found)}" which is not {what}'
            raise EvaluationFailure("States.QueryEvaluationError", cause)
        return found
    if f"{name}Path" in state.fields:
        field = state.fields[f"{name}Path"]
        assert isinstance(field, Path)
        return path_number(field, f"{name}Path", scope, integer=integer)
    return state.raw.get(name)


def path_number(path: Path, name: str, scope: Scope, *, integer: bool = True) -> float:
    """The number that a path finds. A text that is a number is one, as on AWS.

    Raises:
        EvaluationFailure: States.Runtime: it is no number.

    Example::

        >>> path_number(Path("$.n"), "MaxConcurrencyPath", Scope({"n": "12"}))
        12
    """
    found = path_value(path, scope)
    given = found
    if isinstance(found, str):
        try:
            given = int(found) if integer else float(found)
        except ValueError:
            given = None
    if integer:
        given = given if isinstance(given, int) and not isinstance(given, bool) else None
    if not values.is_number(given):
        what = "integer" if integer else "float"
        cause = f'The {name} field refers to value "{_shown(found)}" which is not a valid {what}: {path.text}'
        raise EvaluationFailure("States.Runtime", cause)
    return given


def _shown(found: Json) -> str:
    return found if isinstance(found, str) else values.text(found)


def items_of(state: State, given: Json, scope: Scope) -> list[Json]:
    """The items of a Map without an ItemReader.

    Args:
        given: The effective input.

    Raises:
        EvaluationFailure: They are no array.
    """
    if state.jsonata:
        if "Items" not in state.fields:
            if not isinstance(given, list):
                cause = f"Map state input must be an array but was: {values.text(given)}"
                raise EvaluationFailure("States.QueryEvaluationError", cause)
            return given
        found = value(state.fields["Items"], "Items", scope)
        if not isinstance(found, list):
            raise unexpected(state.fields["Items"], found, expected="array", field="Items")
        return found
    path = state.fields.get("ItemsPath")
    found = given if path is None else path_value(path, scope.at(given))
    if not isinstance(found, list):
        shown = path.text.replace("$$", "$", 1) if isinstance(path, Path) else "$"  # AWS writes the context so
        raise EvaluationFailure("States.Runtime", f'Reference path "{shown}" must point to array.')
    return found


def unexpected(template: Field | None, found: Json, *, expected: str, field: str) -> EvaluationFailure:
    """The failure of a JSONata field that gives another type than it must."""
    if isinstance(template, Template) and template.expressions:
        return template.expressions[0].unexpected(found, expected=expected, field=field)
    cause = f"The field '{field}' must be of type '{expected}', but was '{kind(found)}': {values.text(found)}"
    return EvaluationFailure("States.QueryEvaluationError", cause, field)


def merged(variables: Mapping[str, Json], assigned: Mapping[str, Json]) -> Mapping[str, Json]:
    """The variables after an assignment. The ones before are kept as they are, since other frames may hold them."""
    return {**variables, **assigned} if assigned else variables
