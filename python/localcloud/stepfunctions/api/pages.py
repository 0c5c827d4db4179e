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

from localcloud.stepfunctions.api.errors import quoting

Item = TypeVar("Item")

#: "The default is 100 and the maximum allowed page size is 1000. A value of 0 uses the default."
DEFAULT = 100


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
    if "nextToken" in given:
        tokens = (number for number, item in enumerate(items, 1) if _token(operation, key(item)) == given["nextToken"])
        begin = next(tokens, 0)
        if not begin:
            raise quoting("InvalidToken", "Invalid token")
    end = begin + (given.get("maxResults") or DEFAULT)
    following = _token(operation, key(items[end - 1])) if end < len(items) else None
    return list(items[begin:end]), following


def _token(operation: str, key: str) -> str:
    return base64.b64encode(hashlib.sha256(f"{operation} {key}".encode()).digest()).decode()
