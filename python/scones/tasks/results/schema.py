"""Makes JSON Schemas and tables for people from the types of results.

Example::

    >>> from scones.tasks.results.deploying import ApprovalResult
    >>> schema(ApprovalResult)["properties"]["reviewers"]["items"]
    {'type': 'string'}
    >>> rows(ApprovalResult)[1]
    ('reviewers[]', 'string', 'Who must approve, one of them.')

A type of result is a frozen dataclass of strings, numbers, booleans, None, tuples, dictionaries and other such
dataclasses. Its docstring describes each attribute. Or it is an ``Annotated`` type with its description. Schemas: https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

import inspect
import re
import types
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAMES: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_ENTRY = re.compile(r"^    (\w+(?:, \w+)*): (.*)$")


def schema(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type."""
    if kind is Any:
        return {}
    if kind in _NAMES:
        return {"type": _NAMES[kind]}
    if get_origin(kind) is Annotated:
        return {**schema(get_args(kind)[0]), "description": title(kind)}
    if is_dataclass(kind):
        told, hints = descriptions(kind), get_type_hints(kind)
        own = {one.name: {**schema(hints[one.name]), "description": told[one.name]} for one in fields(kind)}
        return {
            "type": "object",
            "description": title(kind),
            "properties": own,
            "required": list(own),
            "additionalProperties": False,
        }
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(parts)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema(part) for part in parts]}
    if origin is tuple and parts[-1] is Ellipsis:
        return {"type": "array", "items": schema(parts[0])}
    if origin is tuple:
        return {
            "type": "array",
            "prefixItems": [schema(part) for part in parts],
            "minItems": len(parts),
            "items": False,
        }
    if origin is dict:
        return {"type": "object", "additionalProperties": schema(parts[1])}
    raise TypeError(f"{kind} is no type of a result")


def rows(kind: Any, path: str = "") -> list[tuple[str, str, str]]:
    """A type's members for people: the path, such as ``versions[].status``, the type and the description."""
    found: list[tuple[str, str, str]] = []
    if not is_dataclass(kind):
        return found
    told, hints = descriptions(kind), get_type_hints(kind)
    for one in fields(kind):
        place, name, inner = f"{path}{one.name}", "", hints[one.name]
        inner, empty = _without_none(inner)
        while get_origin(inner) is tuple and get_args(inner)[-1] is Ellipsis:
            place, inner = f"{place}[]", get_args(inner)[0]
        if get_origin(inner) is dict:
            place, inner = f"{place}.*", get_args(inner)[1]
        nested = is_dataclass(inner)
        name = "object" if nested else named(inner)
        found.append((place, f"{name} or null" if empty else name, told[one.name]))
        if nested:
            found += rows(inner, f"{place}.")
    return found


def named(kind: Any) -> str:
    """A type's name for people."""
    if kind is Any:
        return "anything"
    if kind in _NAMES:
        return _NAMES[kind]
    if get_origin(kind) is Literal:
        return " or ".join(f'"{part}"' for part in get_args(kind))
    if get_origin(kind) is tuple:
        return f"array of {len(get_args(kind))} {named(get_args(kind)[0])}s"
    return " or ".join(named(part) for part in get_args(kind))


def title(kind: Any) -> str:
    """What a type is: the first paragraph of its docstring on one line, or what it is annotated with."""
    if get_origin(kind) is Annotated:
        return str(get_args(kind)[1])
    return " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split())


def descriptions(kind: Any) -> dict[str, str]:
    """The description of each attribute, from the docstring's section Attributes."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in inspect.cleandoc(kind.__doc__ or "").partition("Attributes:")[2].splitlines():
        if entry := _ENTRY.match(line):
            names = entry[1].split(", ")
            found |= dict.fromkeys(names, entry[2])
        elif names and line.strip():
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found


def _without_none(kind: Any) -> tuple[Any, bool]:
    parts = get_args(kind)
    if get_origin(kind) not in (Union, types.UnionType) or type(None) not in parts:
        return kind, False
    rest = [part for part in parts if part is not type(None)]
    return (rest[0] if len(rest) == 1 else Union[tuple(rest)]), True  # noqa: UP007 (the parts are a tuple)
