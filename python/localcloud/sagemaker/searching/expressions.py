"""A SearchExpression as a condition on a resource. Pure.

Example::

    >>> from moto.core.utils import get_service_model
    >>> shape = get_service_model("sagemaker").shape_for("TrainingJob")
    >>> asked = {"Filters": [{"Name": "HyperParameters.epochs", "Operator": "GreaterThan", "Value": "9"}]}
    >>> condition = compiled(asked, shape)
    >>> condition({"HyperParameters": {"epochs": "10"}}), condition({"HyperParameters": {"epochs": "2"}})
    (True, False)

AWS: SageMaker API Reference, SearchExpression, Filter, NestedFilters. Where AWS documents a condition and not the words
of its error, the words here are this project's: an operator that a property's kind does not have, a value that is no
number or no time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape

from localcloud.sagemaker.searching.properties import Property, property_of

Matches = Callable[[Mapping[str, Any]], bool]
COMPARING: Mapping[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": lambda one, other: one > other,
    "GreaterThanOrEqualTo": lambda one, other: one >= other,
    "LessThan": lambda one, other: one < other,
    "LessThanOrEqualTo": lambda one, other: one <= other,
}
MOST_PARTS = 50
#: Contains may be asked of these more than once.
OFTEN = (
    *("DisplayName", "ExperimentName", "TrialName", "TrialComponentName", "InputArtifacts", "OutputArtifacts", "Tags"),
)


class BadSearch(ValueError):
    """An expression that Search refuses."""


def compiled(expression: Mapping[str, Any], shape: Shape) -> Matches:
    """Whether a resource satisfies an expression.

    Raises:
        BadSearch: Search refuses the expression.
        UnknownProperty: A property is none of the resource's.
    """
    parts = list(_filters(expression))
    if len(parts) > MOST_PARTS:
        raise BadSearch(f"SearchExpression has {len(parts)} filters. It may have {MOST_PARTS} at most.")
    once = [one for one in parts if one.get("Operator") == "Contains" and one["Name"].split(".")[0] not in OFTEN]
    if len(once) > 1:
        raise BadSearch("'CONTAINS' operator usage limit of 1 exceeded.")
    return _expression(expression, shape)


def _filters(expression: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from expression.get("Filters") or []
    for nested in expression.get("NestedFilters") or []:
        yield from nested["Filters"]
    for inner in expression.get("SubExpressions") or []:
        yield from _filters(inner)


def _expression(expression: Mapping[str, Any], shape: Shape) -> Matches:
    conditions = [
        *(_filter(one, shape) for one in expression.get("Filters") or []),
        *(_nested(one, shape) for one in expression.get("NestedFilters") or []),
        *(_expression(one, shape) for one in expression.get("SubExpressions") or []),
    ]
    if not conditions:
        raise BadSearch("SearchExpression must have at least one subexpression, filter, or nested filter.")
    every = any if expression.get("Operator") == "Or" else all
    return lambda record: every(condition(record) for condition in conditions)


def _nested(nested: Mapping[str, Any], shape: Shape) -> Matches:
    """One item of a list must satisfy all filters. Their names begin with the list's."""
    whole = property_of(nested["NestedPropertyName"], shape)
    depth = len(whole.path)
    inner = []
    for given in nested["Filters"]:
        found = property_of(given["Name"], shape)
        if found.path[:depth] != whole.path:
            raise BadSearch(f"{given['Name']} is not a property of {whole.name}.")
        inner.append(_condition(given, Property(found.name, found.path[depth:], found.kind)))
    return lambda record: any(all(condition(item) for condition in inner) for item in whole.values(record))


def _filter(given: Mapping[str, Any], shape: Shape) -> Matches:
    return _condition(given, property_of(given["Name"], shape))


def _condition(given: Mapping[str, Any], of: Property) -> Matches:
    """Whether one of a property's values satisfies a filter."""
    value = given.get("Value")
    operator = given.get("Operator") or ("Exists" if value is None else "Equals")
    if operator in ("Exists", "NotExists"):
        return lambda record: bool(of.values(record)) == (operator == "Exists")
    if value is None:
        raise BadSearch(f"The filter {of.name} has no Value.")
    if operator in COMPARING:
        return _comparing(of, operator, value)
    if operator in ("Contains", "In"):
        return _text(of, operator, value)
    expected = _expected(of, value)
    equal: Matches = lambda record: any(_comparable(of, one) == expected for one in of.values(record))  # noqa: E731
    return equal if operator == "Equals" else lambda record: not equal(record)


def _text(of: Property, operator: str, value: str) -> Matches:
    if of.kind not in ("text", "free"):
        raise BadSearch(f"{operator} is supported for text properties only, and {of.name} is none.")
    if operator == "In":
        allowed = {one.strip() for one in value.split(",")}
        return lambda record: any(str(one) in allowed for one in of.values(record))
    return lambda record: any(value in str(one) for one in of.values(record))


def _comparing(of: Property, operator: str, value: str) -> Matches:
    if of.kind not in ("number", "time", "free"):
        raise BadSearch(f"{operator} is not supported for text properties, and {of.name} is one.")
    compare = COMPARING[operator]
    if of.kind == "time":
        moment = _moment(of, value)
        return lambda record: any(compare(_aware(one), moment) for one in of.values(record))
    number = _number(value)
    if number is None:
        raise BadSearch(f"The value of {of.name} must be a number, and is {value!r}.")
    # "If the specified Value is an integer, the decimal hyperparameter values are treated as integers."
    whole = of.path[0] == "HyperParameters" and value.strip().lstrip("+-").isdigit()

    def holds(one: Any) -> bool:
        actual = _number(str(one))
        if actual is None or math.isnan(actual):
            return False
        return compare(math.trunc(actual) if whole and math.isfinite(actual) else actual, number)

    return lambda record: any(map(holds, of.values(record)))


def _expected(of: Property, value: str) -> Any:
    match of.kind:
        case "number":
            number = _number(value)
            if number is None:
                raise BadSearch(f"The value of {of.name} must be a number, and is {value!r}.")
            return number
        case "time":
            return _moment(of, value)
        case "flag":
            return value.lower() == "true"
        case "part":
            raise BadSearch(f"{of.name} has no value of its own: name one of its properties.")
    return value


def _comparable(of: Property, one: Any) -> Any:
    if of.kind == "number":
        return float(one)
    return _aware(one).replace(microsecond=0) if of.kind == "time" else one if of.kind == "flag" else str(one)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment(of: Property, text: str) -> datetime:
    try:
        return _aware(datetime.fromisoformat(text))
    except ValueError:
        raise BadSearch(f"The value of {of.name} must be a time like 2026-01-28T12:09:35, and is {text!r}.") from None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
