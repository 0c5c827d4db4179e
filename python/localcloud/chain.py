"""The chain of requests to which a request belongs: its X-Ray trace header, which goes from service to service.

The SDK in a function sends the header of its run with its own requests. What a service does because of a request has
the request's header too: a message in a queue, a notification, an event on its way. So Lambda finds out that a function
runs because of itself (:mod:`localcloud.lambda_.lineage`), and EventBridge that a rule's events come of one another.

Both count in parts of the header that are this cloud's own. A part is a number for each function or rule.

Example::

    >>> with carrying("Root=1-67891233-abcdef012345678912345678"):
    ...     header, before = counted(current(), "Lineage", "arn:aws:lambda:us-east-1:123456789012:function:f")
    >>> header, before
    ('Root=1-67891233-abcdef012345678912345678;Lineage=9fa5c9e6:1', 0)
    >>> without(header, "Lineage")
    'Root=1-67891233-abcdef012345678912345678'
    >>> current() is None
    True
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache, lru_cache

from flask import has_request_context, request

from localcloud.identifiers import hexadecimal

#: The part in which Lambda counts a function's runs, and the one in which EventBridge counts a rule's events.
LINEAGE, CIRCLE = "Lineage", "Circle"
HEADER = "X-Amzn-Trace-Id"
_CARRIED: ContextVar[str | None] = ContextVar("carried", default=None)


def current() -> str | None:
    """The header of what is being done: an event that is carried, or the request that is being answered."""
    carried = _CARRIED.get()
    if carried is not None:
        return carried
    return request.headers.get(HEADER) if has_request_context() else None


@contextlib.contextmanager
def carrying(header: str | None) -> Iterator[None]:
    """Let what the block does belong to a chain. None leaves it to the request."""
    token = _CARRIED.set(header)
    try:
        yield
    finally:
        _CARRIED.reset(token)


def counted(header: str | None, part: str, arn: str) -> tuple[str, int]:
    """The header with one more of a function or a rule, and how many there were before.

    Args:
        header: None begins a chain that is not sampled.
    """
    numbers, key = _read(header, part), _key(arn)
    before = numbers.get(key, 0)
    rest = without(header, part) or f"Root=1-{hexadecimal(8)}-{hexadecimal(24)};Sampled=0"
    return f"{rest};{_written(part, {**numbers, key: before + 1})}", before


def number(header: str | None, part: str, arn: str) -> int:
    """How many of a function or a rule a header counts."""
    return _read(header, part).get(_key(arn), 0)


def without(header: str | None, part: str) -> str | None:
    """A header without one of its parts; None if nothing is left."""
    return _pattern(part).sub("", header).strip(";") or None if header else None


def joined(headers: Iterable[str | None], part: str) -> str | None:
    """One header for several events that are processed together: the first one's, with the highest numbers of all.

    Example::

        >>> joined([None, "Root=1;Lineage=aaaaaaaa:3", "Root=2;Lineage=aaaaaaaa:1+bbbbbbbb:2"], "Lineage")
        'Root=1;Lineage=aaaaaaaa:3+bbbbbbbb:2'
    """
    given = [header for header in headers if header]
    if not given:
        return None
    most: dict[str, int] = {}
    for header in given:
        for key, found in _read(header, part).items():
            most[key] = max(found, most.get(key, 0))
    rest = without(given[0], part)
    return ";".join(filter(None, (rest, _written(part, most) if most else None)))


@lru_cache(maxsize=4096)
def _key(arn: str) -> str:
    return hashlib.sha256(arn.encode()).hexdigest()[:8]


def _read(header: str | None, part: str) -> dict[str, int]:
    """The numbers in a part of a header. What is not of this form is left out."""
    found = _pattern(part).search(header) if header else None
    pairs = re.findall(r"([0-9a-f]{8}):(\d{1,9})(?=\+|$)", found[1]) if found else []
    return {key: int(count) for key, count in pairs}


@cache
def _pattern(part: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|;)\s*{part}=([^;\s]*)")


def _written(part: str, numbers: Mapping[str, int]) -> str:
    return f"{part}={'+'.join(f'{key}:{count}' for key, count in numbers.items())}"
