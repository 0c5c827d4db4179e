"""What AWS demands of the texts in a request: length and pattern, as the API's own model gives them.

botocore's clients check types and least lengths and leave the rest to the service. The local cloud is that service, and
names become paths, so every text is checked, at any depth. Example::

    shape = get_service_model("sagemaker").operation_model("DeleteEndpoint").input_shape
    violations(shape, {"EndpointName": "../x"})
    # ["Value '../x' at 'endpointName' failed to satisfy constraint: Member must satisfy regular expression pattern: …"]

The words are those of AWS's services. Patterns are Java's; the package ``regex`` reads nearly all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import regex  # type: ignore[import-untyped]  # the package comes without types
from botocore.model import Shape

#: A match that takes longer is none: a pattern and a text can be chosen so that they take for ever.
LONGEST_MATCH = 0.5  # seconds
SHOWN = 200  # characters of a value


def message(found: list[str]) -> str:
    """AWS's sentence for one violation or more."""
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"


def violations(shape: Shape | None, value: Any) -> list[str]:
    """What is wrong with the texts of a value.

    Args:
        shape: The value's shape in the API's model; nothing is wrong where there is none.
        value: What was parsed: of a structure, what was given of it, by its members' names.
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
        for key, item in value.items():
            yield from _walk(shape.key, key, f"{place}.key")
            yield from _walk(shape.value, item, f"{place}.{key}.member")
    elif shape.type_name == "string" and isinstance(value, str) and (must := _broken(shape, value)):
        yield f"Value '{value[:SHOWN]}' at '{place}' failed to satisfy constraint: Member must {must}"


def _broken(shape: Shape, value: str) -> str | None:
    """The constraint that a text breaks; None where it breaks none."""
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
    """A pattern of the model, compiled; None for the few that only Java reads, all of them of free texts."""
    # Java writes the characters beyond the first 65,536 as pairs of halves.
    readable = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    try:
        return regex.compile(readable, regex.VERSION0)
    except regex.error:
        return None


def _shown(name: str) -> str:
    """A member's name as AWS's messages have it: ``endpointName``."""
    return name[:1].lower() + name[1:]
