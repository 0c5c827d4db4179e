"""Answers in pages: maxResults and nextToken.

A token is the last page's operation and its last item, so it stays right while new items come.

Example::

    >>> items, token = page("List", ["a", "b", "c"], key=str, given={"maxResults": 2})
    >>> items, page("List", ["a", "b", "c"], key=str, given={"nextToken": token})
    (['a', 'b'], (['c'], None))
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from localcloud.stepfunctions.api.errors import ApiError, quoting

Item = TypeVar("Item")

#: "The default is 100 and the maximum allowed page size is 1000. A value of 0 uses the default."
DEFAULT = 100
SEAL = 12  # bytes


def page(
    operation: str,
    items: Sequence[Item],
    *,
    key: Callable[[Item], str],
    given: Mapping[str, Any],
) -> tuple[list[Item], str | None]:
    """One page of items, and the token of the next one.

    Args:
        operation: A token is good for one operation only.
        items: All items in their order.
        key: What tells an item from the others.
        given: The request, with maxResults and nextToken.

    Raises:
        ApiError: InvalidToken.
    """
    begin = 0
    if last := after(operation, given):
        begin = next((number for number, item in enumerate(items, 1) if key(item) == last), 0)
        if not begin:
            raise invalid()
    end = begin + size(given)
    return list(items[begin:end]), token(operation, key(items[end - 1])) if end < len(items) else None


def size(given: Mapping[str, Any]) -> int:
    """How many items a page has at most."""
    return int(given.get("maxResults") or DEFAULT)


def token(operation: str, key: str) -> str:
    """The token of the page that comes after an item.

    Example::

        >>> after("List", {"nextToken": token("List", "b")})
        'b'
    """
    return base64.b64encode(_seal(operation, key) + key.encode()).decode()


def after(operation: str, given: Mapping[str, Any]) -> str | None:
    """The key of the last item of the page before; None for the first page.

    Raises:
        ApiError: InvalidToken.
    """
    if "nextToken" not in given:
        return None
    try:
        found = base64.b64decode(given["nextToken"], validate=True)
        key = found[SEAL:].decode()
    except ValueError:
        key, found = "", b""
    if not key or found[:SEAL] != _seal(operation, key):
        raise invalid()
    return key


def invalid() -> ApiError:
    """The refusal of a token that is no page's of what is asked for."""
    return quoting("InvalidToken", "Invalid token")


def _seal(operation: str, key: str) -> bytes:
    """What tells a token of one operation from all other texts."""
    return hashlib.sha256(f"{operation} {key}".encode()).digest()[:SEAL]
