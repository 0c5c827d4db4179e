"""Event patterns: checked when they are given, and matched against events. Pure.

Rules of EventBridge and the filters of event source mappings have the same patterns. moto checks and matches them
differently, so nothing of it is used.

AWS: the README of Event Ruler (github.com/aws/event-ruler), which EventBridge matches with; EventBridge User Guide,
"Comparison operators for use in event patterns". The reasons are Event Ruler's. An array of objects is matched as if
its objects stood in its place, but two fields never match in different elements of the same array. ``exists`` is about
leaves: an empty array and an object are none.

Example::

    >>> pattern = compiled('{"detail": {"items": {"id": [1], "kind": [{"prefix": "a"}]}}}')
    >>> matches(pattern, {"detail": {"items": [{"id": 2, "kind": "b"}, {"id": 1, "kind": "ab"}]}})
    True
    >>> matches(pattern, {"detail": {"items": [{"id": 1, "kind": "b"}, {"id": 2, "kind": "ab"}]}})
    False
    >>> compiled('{"detail": {"a": [{"like": "x"}]}}')
    Traceback (most recent call last):
    ...
    localcloud.events.patterns.BadPattern: Unrecognized match type like
"""

from __future__ import annotations

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

OR = "$or"
#: Names that an object of ``$or`` must not have: with them, ``$or`` is the name of a field.
RESERVED = frozenset(
    {
        "exactly",
        "prefix",
        "suffix",
        "equals-ignore-case",
        "wildcard",
        "numeric",
        "anything-but",
        "exists",
        "cidr",
    }
)
#: "EventBridge does not support using an $or in an event pattern that would result in over 1000 rule combinations."
MOST_COMBINATIONS = 1000
#: The numbers that ``numeric`` compares.
LARGEST = 5_000_000_000
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

#: What a value must meet. It is asked of the values that an event has.
Condition = Callable[[Any], bool]
#: In which element of which arrays a value is: the arrays' numbers in the event, and positions.
Place = tuple[tuple[int, int], ...]


class BadPattern(ValueError):
    """A text is no event pattern. The message is the reason, in Event Ruler's words."""


@dataclass(frozen=True)
class Field:
    """What one field must be: one of several conditions must hold.

    Attributes:
        path: The names that lead to it, joined by dots.
        absent: Whether it also matches if the event does not have the field.
    """

    path: str
    conditions: tuple[Condition, ...]
    absent: bool = False


@dataclass(frozen=True)
class AllOf:
    """Every part must match."""

    parts: tuple[Field | AllOf | AnyOf, ...]


@dataclass(frozen=True)
class AnyOf:
    """One part must match."""

    parts: tuple[AllOf, ...]


@lru_cache(maxsize=1024)
def compiled(text: str, operators: frozenset[str] = RESERVED) -> AllOf:
    """Read a pattern. The result is cached.

    Args:
        operators: The names of the operators that are known.

    Raises:
        BadPattern: It is none.
    """
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadPattern("Invalid JSON") from None
    if not isinstance(found, dict):
        raise BadPattern("Filter is not an object")
    pattern = _PatternReader(operators).node(found, ())
    if _combinations(pattern) > MOST_COMBINATIONS:
        raise BadPattern(f"Rule combinations of {OR} exceed {MOST_COMBINATIONS}")
    return pattern


def matches(pattern: AllOf, event: Mapping[str, Any]) -> bool:
    """Whether an event matches a pattern."""
    fields: dict[str, list[tuple[Any, Place]]] = {}
    _flatten(event, "", (), fields, iter(range(1 << 30)))
    return bool(_places(pattern, fields, {()}))


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _combinations(node: Field | AllOf | AnyOf) -> int:
    if isinstance(node, Field):
        return 1
    if isinstance(node, AnyOf):
        return sum(map(_combinations, node.parts))
    product = 1
    for part in node.parts:
        product *= _combinations(part)
    return product


# Reading


class _PatternReader:
    """Reads a pattern that may have some of the operators."""

    def __init__(self, operators: Collection[str]) -> None:
        self._operators = operators

    def node(self, given: Mapping[str, Any], path: tuple[str, ...]) -> AllOf:
        if not given:
            raise BadPattern("Empty objects are not allowed")
        return AllOf(tuple(self._part(name, value, path) for name, value in given.items()))

    def _part(self, name: str, value: Any, path: tuple[str, ...]) -> Field | AllOf | AnyOf:
        if name == OR and isinstance(value, list) and not _is_field(value):
            return self._either(value, path)
        if isinstance(value, dict):
            return self.node(value, (*path, name))
        if not isinstance(value, list):
            raise BadPattern(f'"{name}" must be an object or an array')
        if not value:
            raise BadPattern("Empty arrays are not allowed")
        conditions = tuple(self._condition(one) for one in value)
        absent = any(one == {"exists": False} for one in value)
        return Field(".".join((*path, name)), conditions, absent)

    def _either(self, value: list[Any], path: tuple[str, ...]) -> AnyOf:
        if not all(isinstance(one, dict) for one in value):
            raise BadPattern(f"Only JSON object is allowed in array of {OR} relationship.")
        if len(value) < 2:
            raise BadPattern(f"There must have at least 2 Objects in {OR} relationship.")
        return AnyOf(tuple(self.node(one, path) for one in value))

    def _condition(self, given: Any) -> Condition:
        if isinstance(given, list):
            raise BadPattern("Match value must be String, number, true, false, or null")
        if not isinstance(given, dict):
            return _equal_to(given)
        if not given:
            raise BadPattern("Match expression name not found")
        name, value = next(iter(given.items()))
        if name not in self._operators:
            raise BadPattern(f"Unrecognized match type {name}")
        condition = _OPERATORS[name](value)
        if len(given) > 1:
            raise BadPattern("Only one key allowed in match expression")
        return condition


def _is_field(alternatives: list[Any]) -> bool:
    """Whether ``$or`` is a field's name: one of its objects has an operator's name."""
    return any(isinstance(one, dict) and RESERVED & one.keys() for one in alternatives)


def _equal_to(wanted: Any) -> Condition:
    """JSON values are equal. In Python, true would be 1."""
    return lambda value: isinstance(wanted, bool) == isinstance(value, bool) and wanted == value


def _text(given: Any, name: str) -> str:
    if not isinstance(given, str):
        raise BadPattern(f"{name} match pattern must be a string")
    return given


def _exactly(given: Any) -> Condition:
    return _equal_to(_text(given, "exact"))


def _affix(name: str, holds: Callable[[str, str], bool]) -> Callable[[Any], Condition]:
    """``prefix`` or ``suffix``. Its value is a text, or ``{"equals-ignore-case": text}``."""

    def read(given: Any) -> Condition:
        if not isinstance(given, dict):
            wanted = _text(given, name)
            return lambda value: isinstance(value, str) and holds(value, wanted)
        if len(given) != 1 or "equals-ignore-case" not in given:
            raise BadPattern(f"Unsupported {name} pattern: {', '.join(map(str, given)) or 'none'}")
        folded = _text(given["equals-ignore-case"], "equals-ignore-case").lower()
        return lambda value: isinstance(value, str) and holds(value.lower(), folded)

    return read


def _ignoring_case(given: Any) -> Condition:
    folded = _text(given, "equals-ignore-case").lower()
    return lambda value: isinstance(value, str) and value.lower() == folded


def _wildcard(given: Any) -> Condition:
    text, parts, position = _text(given, "wildcard"), [], 0
    while position < len(text):
        one = text[position]
        if one == "\\":
            position += 1
            one = text[position : position + 1]
            if one not in ("*", "\\"):
                raise BadPattern(f"Invalid escape character at pos {position - 1}")
            parts.append(re.escape(one))
        elif one == "*":
            if parts and parts[-1] == ".*":
                raise BadPattern(f"Consecutive wildcard characters at pos {position - 1}")
            parts.append(".*")
        else:
            parts.append(re.escape(one))
        position += 1
    expression = re.compile("".join(parts), re.DOTALL)
    return lambda value: isinstance(value, str) and expression.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numeric(given: Any) -> Condition:
    if not isinstance(given, list):
        raise BadPattern("Value of numeric must be an array.")
    if not given or not isinstance(given[0], str):
        raise BadPattern(f"Invalid member in numeric match: {given[0] if given else ']'}")
    if given[0] not in COMPARISONS:
        raise BadPattern(f"Unrecognized numeric range operator: {given[0]}")
    bounds = [(given[0], _bound(given, 1))]
    if len(given) > 2 and given[0] not in (">", ">="):
        raise BadPattern("Too many elements in numeric expression")
    if len(given) > 2:
        if given[2] not in ("<", "<="):
            raise BadPattern(f"Bad numeric range operator: {given[2]}")
        bounds.append((given[2], _bound(given, 3)))
        if len(given) > 4:
            raise BadPattern("Too many terms in numeric range expression")
        if bounds[0][1] >= bounds[1][1]:
            raise BadPattern("Bottom must be less than top")
    return lambda value: (
        _is_number(value) and abs(value) <= LARGEST and all(COMPARISONS[sign](value, number) for sign, number in bounds)
    )


def _bound(given: list[Any], index: int) -> Any:
    value: Any = given[index] if index < len(given) else None
    if not _is_number(value):
        raise BadPattern(f"Value of {'equals' if given[index - 1] == '=' else given[index - 1]} must be numeric")
    if abs(value) > LARGEST:
        raise BadPattern(f"Value must be between {-LARGEST} and {LARGEST}, inclusive")
    return value


def _anything_but(given: Any) -> Condition:
    if isinstance(given, dict):
        return _anything_but_operator(given)
    listed = given if isinstance(given, list) else [given]
    if not isinstance(given, list) and not isinstance(given, str) and not _is_number(given):
        raise BadPattern("Value of anything-but must be an array or single string/number value.")
    if not all(isinstance(one, str) or _is_number(one) for one in listed):
        raise BadPattern("Inside anything but list, start|null|boolean is not supported.")
    if len({isinstance(one, str) for one in listed}) != 1:
        raise BadPattern(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    excluded = [_equal_to(one) for one in listed]
    return lambda value: not any(one(value) for one in excluded)


def _anything_but_operator(given: Mapping[str, Any]) -> Condition:
    if not given:
        raise BadPattern("Anything-But expression name not found")
    name, value = next(iter(given.items()))
    if name not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
        raise BadPattern(f"Unsupported anything-but pattern: {name}")
    if len(given) > 1:
        raise BadPattern("Only one key allowed in match expression")
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(one, str) for one in listed):
        raise BadPattern(f"Inside anything-but/{name} list, number|start|null|boolean is not supported.")
    if name in ("prefix", "suffix") and "" in listed:
        raise BadPattern("Null prefix/suffix not allowed")
    excluded = [_OPERATORS[name](one) for one in listed]
    return lambda found: not any(one(found) for one in excluded)


def _exists(given: Any) -> Condition:
    if not isinstance(given, bool):
        raise BadPattern("exists match pattern must be either true or false.")
    return lambda value: given  # it is asked of values that are there


def _cidr(given: Any) -> Condition:
    text = _text(given, "prefix")
    if text.count("/") != 1:
        raise BadPattern(f"Malformed CIDR, one '/' required: {text}")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise BadPattern(f"Malformed CIDR: {text}") from None

    def contains(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return contains


_OPERATORS: dict[str, Callable[[Any], Condition]] = {
    "exactly": _exactly,
    "prefix": _affix("prefix", str.startswith),
    "suffix": _affix("suffix", str.endswith),
    "equals-ignore-case": _ignoring_case,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "anything-but": _anything_but,
    "exists": _exists,
    "cidr": _cidr,
}


# Matching


def _flatten(
    value: Any, path: str, place: Place, fields: dict[str, list[tuple[Any, Place]]], numbers: Iterator[int]
) -> None:
    """Collect the leaves of an event by their paths."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _flatten(inner, f"{path}.{name}" if path else str(name), place, fields, numbers)
    elif isinstance(value, list):
        array = next(numbers)
        for position, inner in enumerate(value):
            inside = (*place, (array, position)) if isinstance(inner, Mapping | list) else place
            _flatten(inner, path, inside, fields, numbers)
    else:
        fields.setdefault(path, []).append((value, place))


def _places(
    node: Field | AllOf | AnyOf, fields: Mapping[str, list[tuple[Any, Place]]], before: set[Place]
) -> set[Place]:
    """Which elements of arrays the fields that match are in, for each way in which they match. Empty if they do not.

    Args:
        before: The places of the fields that have matched so far.
    """
    if isinstance(node, AnyOf):
        return {place for part in node.parts for place in _places(part, fields, before)}
    if isinstance(node, AllOf):
        for part in node.parts:
            before = _places(part, fields, before)
            if not before:
                break
        return before
    values = fields.get(node.path, [])
    if not values:
        return before if node.absent else set()
    holding = {place for value, place in values if any(holds(value) for holds in node.conditions)}
    return set(_joined(before, holding))


def _joined(before: Iterable[Place], holding: Iterable[Place]) -> Iterator[Place]:
    """Both places at once, where no array has two elements."""
    for one in before:
        for other in holding:
            both = dict(one)
            if all(both.setdefault(array, position) == position for array, position in other):
                yield tuple(sorted(both.items()))
