"""Checks a request against the API's model: types, required members, ranges, sizes, enums, lengths and patterns.

Example::

    >>> from moto.core.utils import get_service_model
    >>> shape = get_service_model("stepfunctions").operation_model("ListStateMachines").input_shape
    >>> check(shape, {"maxResults": 1001})
    Traceback (most recent call last):
    ...
    localcloud.stepfunctions.api.errors.ApiError: 1 validation error detected: Value '1001' at 'maxResults' failed ...

The messages are those of AWS's answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.model import Shape

from localcloud.constraints import message, violations
from localcloud.stepfunctions.api.errors import ApiError, invalid

#: The order in which AWS lists an enum's values, where it is not the model's. Recorded: ListExecutions.
ORDER = {"ExecutionStatus": ["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"]}
#: The JSON type of each of the model's types.
TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
}
#: What AWS's answers call the types.
JAVA = {"string": "String", "integer": "Integer", "long": "Long", "float": "Float", "boolean": "Boolean"}


def check(shape: Shape, value: dict[str, Any]) -> None:
    """Check a request.

    Raises:
        ApiError: SerializationException for a wrong type, ValidationException with all other problems.
    """
    typed(shape, value)
    if found := [*violations(shape, value), *_others(shape, value, "")]:
        raise invalid(message(found))


def typed(shape: Any, value: Any) -> None:
    """Check the types of a parsed value.

    Raises:
        ApiError: SerializationException.
    """
    right = TYPES.get(shape.type_name, (object,))
    unlike = not isinstance(value, right) or (isinstance(value, bool) and bool not in right)
    if unlike:
        raise ApiError("SerializationException", _mistyped(shape, value))
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if value.get(name) is not None:
                typed(member, value[name])
    elif shape.type_name == "list":
        for item in value:
            if item is not None:
                typed(shape.member, item)


def without_nulls(value: Any) -> Any:
    """A value without its null members, which are as good as absent."""
    if isinstance(value, dict):
        return {name: without_nulls(member) for name, member in value.items() if member is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def _mistyped(shape: Shape, value: Any) -> str:
    if isinstance(value, dict | list):
        return "Start of structure or map found where not expected." if isinstance(value, dict) else "Unexpected list"
    if shape.type_name not in JAVA:
        return "Unexpected field type"
    kind = {str: "STRING_VALUE", bool: f"{value}".upper() + "_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}
    return (
        f"{kind[type(value)]} can not be converted to {'an' if JAVA[shape.type_name][0] == 'I' else 'a'} "
        + (JAVA[shape.type_name])
    )


def _others(shape: Shape, value: Any, place: str) -> Iterator[str]:
    """The constraints that :func:`localcloud.constraints.violations` leaves out."""
    must = _must(shape, value)
    if must:
        yield f"Value '{_shown(shape, value)}' at '{place}' failed to satisfy constraint: Member must {must}"
    if shape.type_name == "structure":
        for name in shape.metadata.get("required", []):
            if value.get(name) is None:
                yield f"Value null at '{_within(place, name)}' failed to satisfy constraint: Member must not be null"
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _others(member, value[name], _within(place, name))
    elif shape.type_name == "list" and not must:
        for number, item in enumerate(value, start=1):
            yield from _others(shape.member, item, f"{place}.{number}.member")


def _must(shape: Shape, value: Any) -> str | None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name in ("integer", "long", "float", "double"):
        if most is not None and value > most:
            return f"have value less than or equal to {most}"
        if least is not None and value < least:
            return f"have value greater than or equal to {least}"
    elif shape.type_name == "list":
        if most is not None and len(value) > most:
            return f"have length less than or equal to {most}"
        if least is not None and len(value) < least:
            return f"have length greater than or equal to {least}"
    elif (enum := getattr(shape, "enum", None)) and value not in enum:
        return f"satisfy enum value set: [{', '.join(ORDER.get(shape.name, enum))}]"
    return None


def _shown(shape: Shape, value: Any) -> str:
    """A value as Java prints it: ``[RoutingConfigurationListItem(weight=1)]``."""
    if shape.type_name == "list":
        return f"[{', '.join(_shown(shape.member, item) for item in value)}]"
    if shape.type_name == "structure":
        members = (f"{name}={_shown(member, value.get(name))}" for name, member in shape.members.items())
        return f"{shape.name}({', '.join(members)})"
    return "null" if value is None else f"{value}".lower() if isinstance(value, bool) else f"{value}"


def _within(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
