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
    if found := violations(shape, value, ORDER):
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
