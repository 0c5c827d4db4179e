"""DataProcessing of a transform job: parts of JSON records, and records joined with the answers to them.

AWS: SageMaker Developer Guide, "Associate Prediction Results with Input Records"; DataProcessing in the API reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OUTPUT, INPUT = "SageMakerOutput", "SageMakerInput"

_PART = re.compile(
    r"""\.?\[(?P<names>\s*'[^']*'(?:\s*,\s*'[^']*')*\s*)\]
    | \.?\[(?P<numbers>\s*-?\d{1,9}(?:\s*,\s*-?\d{1,9})*\s*)\]
    | \.?\[(?P<start>-?\d{1,9})?:(?P<end>-?\d{1,9})?\]
    | \.?\[\*\] | \.(?P<any>\*)
    | \.(?P<name>[^.\[\]*'\s]+)""",
    re.VERBOSE,
)


class BadPath(Exception):
    """A filter is not one of the supported JSONPath expressions, or fits no part of a record."""


@dataclass(frozen=True)
class PathPart:
    """One part of a path.

    Attributes:
        keys: Names or indices. Several of them give a part of the same kind: an object or an array.
        slice: The first and the last index of a slice, both included; None for an open end.
        all: Whether it is a wildcard.
    """

    keys: tuple[str | int, ...] = ()
    slice: tuple[int | None, int | None] | None = None
    all: bool = False


def parse(path: str) -> tuple[PathPart, ...]:
    """Read a JSONPath expression.

    Raises:
        BadPath: It is not one that batch transform supports.

    Example::

        >>> parse("$['id','SageMakerOutput']")
        (PathPart(keys=('id', 'SageMakerOutput'), slice=None, all=False),)
    """
    steps, place = [], 1
    if not path.startswith("$"):
        raise BadPath(f"'{path}' is not a JSONPath expression: it must begin with $")
    while place < len(path):
        found = _PART.match(path, place)
        if found is None:
            raise BadPath(
                f"'{path}' is not supported from '{path[place:]}' on: use .name, ['name','name'], [0,1], [1:3] and *"
            )
        steps.append(_step(found))
        place = found.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> PathPart:
    if found["names"]:
        return PathPart(keys=tuple(re.findall(r"'([^']*)'", found["names"])))
    if found["numbers"]:
        return PathPart(keys=tuple(int(number) for number in found["numbers"].split(",")))
    if found["name"]:
        return PathPart(keys=(found["name"],))
    if found["any"] or "*" in found[0]:
        return PathPart(all=True)
    return PathPart(slice=(_number(found["start"]), _number(found["end"])))


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def pick(value: Any, steps: tuple[PathPart, ...]) -> Any:
    """The part of a record that a path names.

    Raises:
        BadPath: The record has no such part.

    Example::

        >>> pick({"id": 7, "features": [1, 2, 3]}, parse("$.features[0,-1]"))
        [1, 3]
        >>> pick([10, 20, 30, 40], parse("$[1:2]"))  # AWS's slices include their last index
        [20, 30]
    """
    for place, step in enumerate(steps):
        try:
            if step.all:
                each = list(value.values()) if isinstance(value, Mapping) else list(value)
                return [pick(one, steps[place + 1 :]) for one in each]
            if step.slice is not None:
                value = _slice(value, *step.slice)
            elif len(step.keys) == 1:
                value = _at(value, step.keys[0])
            elif isinstance(step.keys[0], str):
                value = {key: _at(value, key) for key in step.keys}
            else:
                value = [_at(value, key) for key in step.keys]
        except (KeyError, IndexError, TypeError, AttributeError):
            raise BadPath(f"the record has no part {step.keys or step.slice or '*'}") from None
    return value


def _at(value: Any, key: str | int) -> Any:
    if isinstance(key, int) != isinstance(value, list):
        raise KeyError(key)
    return value[key]


def _slice(value: Any, start: int | None, end: int | None) -> Any:
    if not isinstance(value, list):
        raise TypeError(value)
    last = None if end is None or end == -1 else end + 1
    return value[start:last]


def filtered(record: bytes, path: str) -> bytes:
    """A record of JSON without what its filter leaves out.

    Raises:
        BadPath: It is not JSON, or has no such part.

    Example::

        >>> filtered(b'{"id": 7, "features": [1, 2]}', "$.features")
        b'[1,2]'
    """
    return record if path == "$" else _text(pick(_read(record, "the record"), parse(path)))


def joined(record: bytes | None, answer: bytes, path: str) -> bytes:
    """An answer, joined with its record if there is one, and without what the filter leaves out.

    Raises:
        BadPath: One of them is not JSON, or has no such part.

    Example::

        >>> joined(b'{"key": 1}', b'{"label": 1}', "$")
        b'{"key":1,"SageMakerOutput":{"label":1}}'
        >>> joined(b"[1, 2]", b"0.5", "$")
        b'{"SageMakerInput":[1,2],"SageMakerOutput":0.5}'
        >>> joined(None, b'{"prediction": [0.1, 0.9]}', "$.prediction[-1]")
        b'0.9'
    """
    if record is None and path == "$":
        return answer
    value = _read(answer, "the answer")
    if record is not None:
        given = _read(record, "the record")
        value = {**(given if isinstance(given, dict) else {INPUT: given}), OUTPUT: value}
    return _text(pick(value, parse(path)))


def _read(text: bytes, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadPath(f"{what} is not JSON: {error}") from None


def _text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
