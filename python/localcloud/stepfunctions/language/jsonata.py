"""JSONata in a state machine: ``{% $states.input.orders[price > 10].id %}``.

The language: https://docs.jsonata.org (AWS has version 2.0.6). AWS's part of it:
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html. The failures' texts were recorded on AWS.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from jsonata.jexception import JException
from jsonata.utils import Utils

from localcloud.stepfunctions.language import jsonata_evaluation, values
from localcloud.stepfunctions.language.jsonata_functions import FUNCTIONS
from localcloud.stepfunctions.language.jsonata_messages import coded, number_text
from localcloud.stepfunctions.language.jsonata_references import References
from localcloud.stepfunctions.language.jsonata_values import json_value, whole
from localcloud.stepfunctions.language.scope import EvaluationFailure, Json

QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"


@dataclass(frozen=True)
class ExpressionProblem:
    """Why AWS refuses an expression when a state machine is created."""

    code: str  # INVALID_JSONATA_EXPRESSION or UNSUPPORTED_JSONATA_EXPRESSION
    message: str


class InvalidExpression(Exception):
    """AWS takes no state machine with this expression."""

    def __init__(self, *problems: ExpressionProblem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def is_expression(text: object) -> bool:
    """Whether ``text`` is a JSONata expression: it begins with ``{%`` and ends with ``%}``.

    >>> is_expression("{% 1 + 1 %}"), is_expression(" {% 1 + 1 %} "), is_expression(2)
    (True, False, False)
    """
    return isinstance(text, str) and len(text) >= 4 and text.startswith("{%") and text.endswith("%}")


class Expression:
    """A JSONata expression, parsed once. Threads may evaluate it at the same time.

    Args:
        text: The expression, without ``{%`` and ``%}``.

    Attributes:
        text: The expression as AWS shows it, without the spaces around it.
        variables: The variables that it reads, without ``$``. ``$states``, functions of JSONata and AWS, and variables
            of its own are not among them.

    Raises:
        InvalidExpression: It is no JSONata, or it reads a context that there is none of.

    >>> total = Expression("$sum($states.input.prices) * $rate")
    >>> total.evaluate({"input": {"prices": [1, 2]}}, {"rate": 1.5}, field="Output")
    4.5
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        try:
            self._tree = jsonata_evaluation.parse(self.text)
            references = References(self._tree)
        except JException as error:
            raise InvalidExpression(ExpressionProblem("INVALID_JSONATA_EXPRESSION", coded(error)[1])) from error
        if references.context:
            raise InvalidExpression(*(_no_context(name) for name in references.context))
        self._reads = frozenset(references.variables)
        self._states = references.states
        self.variables = self._reads - FUNCTIONS.keys()

    def missing(self, available: Collection[str]) -> list[ExpressionProblem]:
        """The fields of ``$states`` that it reads and that are not ``available`` at its place, as AWS reports them.

        ``input`` and ``context`` are available everywhere, ``result`` in the Output and Assign of a state that has one,
        and ``errorOutput`` in a Catch's.

        >>> [problem.message for problem in Expression("$states.errorOutput.Cause").missing({"input", "context"})]
        ["Field '$states.errorOutput' does not exist."]
        """
        return [
            ExpressionProblem("UNSUPPORTED_JSONATA_EXPRESSION", f"Field '$states.{name}' does not exist.")
            for name in self._states or ()
            if name not in available
        ]

    def evaluate(self, states: Mapping[str, Json], variables: Mapping[str, Json], *, field: str) -> Json:
        """The value of the expression.

        Args:
            states: What ``$states`` is.
            variables: The state machine's variables, without ``$``.
            field: The field that holds the expression, for the cause: ``Output``, ``Arguments/Payload/names[0]``.

        Raises:
            EvaluationFailure: ``States.QueryEvaluationError``: it failed, or gave nothing, or a function.
        """
        read = states if self._states is None else {name: states[name] for name in self._states if name in states}
        try:
            bound = {name: json_value(variables[name]) for name in self._reads if name in variables}
            bound["states"] = json_value(dict(read))
            result = jsonata_evaluation.JsonataEvaluation(bound).run(self._tree)
            if result is not None:
                return _plain(result)
        except JException as error:
            code, message = coded(error)
            end = f". {code}: {message}" if code else f": {message}"
            raise self._failure(field, f"threw an error during evaluation{end}") from error
        except _UnsupportedResult as error:
            raise self._failure(field, "returned an unsupported result type.") from error
        except RecursionError as error:
            raise self._failure(field, f"threw an error during evaluation: {jsonata_evaluation.TOO_DEEP}") from error
        except Exception as error:  # whatever the library fails with is the expression's failure
            reason = f"threw an internal error during evaluation. {type(error).__name__}: {error}"
            raise self._failure(field, reason) from error
        raise self._failure(field, "returned nothing (undefined).")

    def unexpected(self, value: Json, *, expected: str, field: str) -> EvaluationFailure:
        """The failure of a ``field`` that takes another type.

        ``expected`` is "array", "number", "string", "boolean" or "object".

        >>> Expression("1").unexpected(1, expected="array", field="Items").cause.partition(" returned ")[2]
        "an unexpected result type. Expected 'array', but was 'number' for value: 1"
        """
        was = f"Expected '{expected}', but was '{values.kind(value)}' for value: {values.text(value)}"
        return self._failure(field, f"returned an unexpected result type. {was}")

    def _failure(self, field: str, what: str) -> EvaluationFailure:
        cause = f"The JSONata expression '{self.text}' specified for the field '{field}' {what}"
        return EvaluationFailure(QUERY_EVALUATION_ERROR, cause, field)


class Template:
    """A JSON value whose strings may be expressions; every other string is itself.

    >>> Template({"ids": ["{% $states.input.id %}", "id"]}).evaluate({"input": {"id": 7}}, {}, field="Output")
    {'ids': [7, 'id']}
    """

    def __init__(self, value: Json) -> None:
        self._value = _compiled(value)

    def evaluate(self, states: Mapping[str, Json], variables: Mapping[str, Json], *, field: str) -> Json:
        """The value, each expression evaluated; see :meth:`Expression.evaluate`."""
        return _evaluated(self._value, states, variables, field)

    @property
    def expressions(self) -> list[Expression]:
        """Its expressions, in the order of the value."""
        return _expressions(self._value)


class _UnsupportedResult(Exception):
    """The result, or a part of it, is a function."""


def _no_context(name: str) -> ExpressionProblem:
    place = "" if name == "$$" else " at the top level"
    return ExpressionProblem("UNSUPPORTED_JSONATA_EXPRESSION", f"Reference to '{name}'{place} is not supported.")


def _plain(value: Any) -> Json:
    """The library's ``value`` as JSON. AWS writes what JSON has no number for as a text."""
    if value is None or value is Utils.NULL_VALUE:
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return jsonata_evaluation.paired(value, "replace")
    if isinstance(value, (int, float)):
        return whole(value) if math.isfinite(value) else number_text(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    raise _UnsupportedResult


def _compiled(value: Json) -> Json:
    if is_expression(value):
        return Expression(value[2:-2])
    if isinstance(value, dict):
        return {key: _compiled(item) for key, item in value.items()}
    return [_compiled(item) for item in value] if isinstance(value, list) else value


def _evaluated(value: Any, states: Mapping[str, Json], variables: Mapping[str, Json], field: str) -> Json:
    if isinstance(value, Expression):
        return value.evaluate(states, variables, field=field)
    if isinstance(value, dict):
        return {key: _evaluated(item, states, variables, f"{field}/{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_evaluated(item, states, variables, f"{field}[{index}]") for index, item in enumerate(value)]
    return value


def _expressions(value: Any) -> list[Expression]:
    if isinstance(value, Expression):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [expression for item in items for expression in _expressions(item)]
