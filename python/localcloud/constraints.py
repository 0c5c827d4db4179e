"""Checks the strings of a request against the length and the pattern that the API's model demands.

botocore's clients check types and minimum lengths. They leave the other constraints to the service. The local cloud is
that service, and it uses names as paths, so it checks every string at any depth.

Example::

    >>> from moto.core.utils import get_service_model
    >>> shape = get_service_model("sagemaker").operation_model("DeleteEndpoint").input_shape
    >>> violations(shape, {"EndpointName": "../x"})
    ["Value '../x' at 'endpointName' failed to satisfy constraint: Member must satisfy regular expression pattern: ..."]

The messages are those of AWS's services. The patterns are Java's, and the package ``regex`` reads nearly all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import regex
from botocore.model import Shape

#: A slower match counts as no match. Some patterns take exponential time on some strings.
LONGEST_MATCH = 0.5  # seconds
SHOWN = 4096  # characters of a value in a message; AWS shows a token of 3,097 characters whole


def message(found: list[str]) -> str:
    """AWS's sentence for one or more violations.

    Example::

        >>> message(["Value '' at 'name' failed to satisfy constraint: Member must not be empty"])
        "1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must not be empty"
    """
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"


def violations(shape: Shape | None, value: Any) -> list[str]:
    """The constraints that the strings of a value break, one message each.

    Args:
        shape: The value's shape in the API's model. Without a shape there are no constraints.
        value: The parsed value. A structure is a dict by member names, and may lack members.
    """
    return list(_walk(shape, value, "")) if shape is not None else []


def _walk(shape: Shape, value: Any, place: str) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _walk(member, value[name], f"{place}.{_shown(name)}".lstrip("."))
    elif shape.type_name == "list" and isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _walk(shape.member, item, f"{place}.{number}.member")
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, item in value.items():  # of keys, the services have rules and words of their own
            yield from _walk(shape.value, item, f"{place}.{key}.member")
    elif shape.type_name == "string" and isinstance(value, str) and (must := _broken(shape, value)):
        yield f"Value '{value[:SHOWN]}' at '{place}' failed to satisfy constraint: Member must {must}"


def _broken(shape: Shape, value: str) -> str | None:
    """The constraint that a string breaks; None if it breaks none."""
    limits = shape.metadata
    if len(value) > limits.get("max", len(value)):
        return f"have length less than or equal to {limits['max']}"
    if len(value) < limits.get("min", 0):
        return f"have length greater than or equal to {limits['min']}"
    pattern = limits.get("pattern")
    compiled = _compiled(pattern) if pattern else None
    if compiled is None:
        return None
    try:
        if compiled.fullmatch(value, timeout=LONGEST_MATCH):
            return None
    except TimeoutError:
        pass
    return f"satisfy regular expression pattern: {pattern}"


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> regex.Pattern[str] | None:
    """A pattern of the model, compiled; None for a pattern that only Java can read.

    There are few of these, and all of them are for free text.
    """
    # Java writes the characters above U+FFFF as surrogate pairs.
    readable = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    try:
        return regex.compile(readable, regex.VERSION0)
    except regex.error:
        return None


def _shown(name: str) -> str:
    """A member's name as AWS's messages write it: ``endpointName``."""
    return name[:1].lower() + name[1:]
