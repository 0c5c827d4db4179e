"""The filters of an event source mapping: which messages of a queue the function gets.

AWS: Lambda Developer Guide, "Control which events Lambda sends to your function" (filter rule syntax), and "Using event
filtering with an Amazon SQS event source": the message's body must be JSON if the filter's is, and plain text if the
filter's is. If they differ, Lambda drops the message. A message that no filter matches is deleted from the queue. The
patterns are EventBridge's (:mod:`localcloud.events.patterns`), with the operators of that guide's table.

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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.events import patterns

MOST_FILTERS = 5
BODY = "body"
OPERATORS = frozenset({"prefix", "suffix", "equals-ignore-case", "numeric", "anything-but", "exists"})


@dataclass(frozen=True)
class RecordFilter:
    """One filter.

    Attributes:
        pattern: What a record must match. None lets every record through.
        body: ``json`` or ``text``, which the body must be; None if the pattern does not ask for it.
    """

    pattern: patterns.AllOf | None
    body: str | None


class WrongFilter(ValueError):
    """A pattern is not one. The message is AWS's."""

    def __init__(self) -> None:
        super().__init__("Invalid filter pattern definition.")


def compiled(given: Sequence[str]) -> tuple[RecordFilter, ...]:
    """Read the patterns of a mapping's filters.

    Raises:
        WrongFilter: One is no JSON, or no pattern.
    """
    return tuple(map(_filter, given))


def matches(filters: Sequence[RecordFilter], record: Mapping[str, Any]) -> bool:
    """Whether the function gets a record. Without a filter it gets every record.

    Args:
        record: The record, as the function would get it.
    """
    return not filters or any(_matches(one, record) for one in filters)


def _filter(text: str) -> RecordFilter:
    try:
        found = json.loads(text)
        if found == {}:
            return RecordFilter(None, None)
        pattern = patterns.compiled(text, OPERATORS)
    except ValueError:
        raise WrongFilter from None
    body = None if BODY not in found else "json" if isinstance(found[BODY], dict) else "text"
    return RecordFilter(pattern, body)


def _matches(one: RecordFilter, record: Mapping[str, Any]) -> bool:
    if one.pattern is None:
        return True
    if one.body is None:
        return patterns.matches(one.pattern, record)
    try:
        body = json.loads(record[BODY])
    except ValueError:
        body = None
    kind = "json" if isinstance(body, dict | list) else "text"
    return kind == one.body and patterns.matches(
        one.pattern, {**record, BODY: body if kind == "json" else record[BODY]}
    )
