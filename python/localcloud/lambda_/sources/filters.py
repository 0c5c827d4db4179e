"""The filters of an event source mapping: which messages of a queue the function gets.

AWS: Lambda Developer Guide, "Control which events Lambda sends to your function" (filter rule syntax), and "Using event
filtering with an Amazon SQS event source": the message's body must be JSON if the filter's is, and plain text if the
filter's is. If they differ, Lambda drops the message. A message that no filter matches is deleted from the queue.

Example::

    >>> filters = compiled(['{"body": {"kind": ["x", {"prefix": "y"}]}}'])
    >>> [matches(filters, {"body": body}) for body in ('{"kind": "x"}', '{"kind": "young"}', '{"kind": "z"}', "x")]
    [True, True, False, False]
    >>> compiled(['{"body": "x"}'])
    Traceback (most recent call last):
    ...
    localcloud.lambda_.sources.filters.WrongFilter: Invalid filter pattern definition.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MOST_FILTERS = 5
BODY = "body"
OR = "$or"
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
#: The operators on texts, with the check of a value.
TEXTS: dict[str, Callable[[str, str], bool]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda value, given: value.casefold() == given.casefold(),
}
MISSING = object()

Pattern = dict[str, Any]


class WrongFilter(ValueError):
    """A pattern is not one. The message is AWS's."""

    def __init__(self) -> None:
        super().__init__("Invalid filter pattern definition.")


def compiled(patterns: Sequence[str]) -> tuple[Pattern, ...]:
    """Read the patterns of a mapping's filters.

    Raises:
        WrongFilter: One is no JSON, or no pattern.
    """
    return tuple(map(_pattern, patterns))


def matches(filters: Sequence[Pattern], record: Mapping[str, Any]) -> bool:
    """Whether the function gets a record. Without a filter it gets every record.

    Args:
        record: The record, as the function would get it.
    """
    return not filters or any(_matches_record(one, record) for one in filters)


def _pattern(text: str) -> Pattern:
    try:
        found = json.loads(text)
    except ValueError:
        raise WrongFilter from None
    if not isinstance(found, dict):
        raise WrongFilter
    _check(found)
    return found


def _check(pattern: Pattern) -> None:
    for name, rule in pattern.items():
        if name == OR and isinstance(rule, list):
            if len(rule) < 2 or not all(isinstance(one, dict) and one for one in rule):
                raise WrongFilter
            for one in rule:
                _check(one)
        elif isinstance(rule, dict) and rule:
            _check(rule)
        elif not isinstance(rule, list) or not rule or not all(map(_is_condition, rule)):
            raise WrongFilter


def _is_condition(condition: Any) -> bool:
    if not isinstance(condition, dict):
        return not isinstance(condition, list)
    if len(condition) != 1:
        return False
    ((name, given),) = condition.items()
    if name == "exists":
        return isinstance(given, bool)
    if name == "numeric":
        return _is_numeric(given)
    if name == "anything-but":
        if isinstance(given, dict):
            return len(given) == 1 and all(key in TEXTS and _are(value, str) for key, value in given.items())
        return _are(given, (str, int, float))
    return name in TEXTS and isinstance(given, str)


def _is_numeric(given: Any) -> bool:
    if not isinstance(given, list) or len(given) not in (2, 4):
        return False
    names, numbers = given[::2], given[1::2]
    return all(isinstance(name, str) and name in COMPARISONS for name in names) and all(map(_is_number, numbers))


def _are(given: Any, kinds: type | tuple[type, ...]) -> bool:
    """Whether it is a value of a kind, or a list of such values."""
    listed = given if isinstance(given, list) else [given]
    return bool(listed) and all(isinstance(one, kinds) and not isinstance(one, bool) for one in listed)


def _matches_record(pattern: Pattern, record: Mapping[str, Any]) -> bool:
    if BODY not in pattern:
        return _matches(pattern, record)
    try:
        body = json.loads(record[BODY])
    except ValueError:
        body = MISSING
    is_json = isinstance(body, dict | list)
    if is_json != isinstance(pattern[BODY], dict):
        return False
    return _matches(pattern, {**record, BODY: body} if is_json else record)


def _matches(pattern: Pattern, value: Any) -> bool:
    if isinstance(value, list):  # of objects: one of them must match
        return any(_matches(pattern, one) for one in value)
    if not isinstance(value, Mapping):
        value = {}
    return all(_matches_name(name, rule, value) for name, rule in pattern.items())


def _matches_name(name: str, rule: Any, value: Mapping[str, Any]) -> bool:
    if name == OR and isinstance(rule, list):
        return any(_matches(one, value) for one in rule)
    found = value.get(name, MISSING)
    if isinstance(rule, dict):
        return _matches(rule, found)
    items = found if isinstance(found, list) and found else [found]
    return any(_holds(condition, one) for condition in rule for one in items)


def _holds(condition: Any, value: Any) -> bool:
    """Whether a value, or ``MISSING``, meets one condition of a rule."""
    if not isinstance(condition, dict):
        return _equal(condition, value)
    ((name, given),) = condition.items()
    if name == "exists":
        return (value is not MISSING and not isinstance(value, dict)) == given
    if value is MISSING:
        return False
    if name == "numeric":
        pairs = zip(given[::2], given[1::2], strict=True)
        return _is_number(value) and all(COMPARISONS[sign](value, number) for sign, number in pairs)
    if name == "anything-but":
        return not _excluded(given, value)
    return isinstance(value, str) and TEXTS[name](value, given)


def _excluded(given: Any, value: Any) -> bool:
    if isinstance(given, dict):
        ((name, texts),) = given.items()
        listed = texts if isinstance(texts, list) else [texts]
        return isinstance(value, str) and any(TEXTS[name](value, text) for text in listed)
    return any(_equal(one, value) for one in (given if isinstance(given, list) else [given]))


def _equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal. In Python, true would be 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
