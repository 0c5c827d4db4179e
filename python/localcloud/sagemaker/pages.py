"""One page of a List operation's answer, in the order that the request asks for.

AWS: the SageMaker API Reference, such as ListModels: SortBy, SortOrder, MaxResults (10 if it is not given), NextToken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.exceptions import ValidationError

LIMIT = 10
ORDERS = ("Ascending", "Descending")

Key = Callable[[Any], Any]


def order(what: str, sorts: Mapping[str, Key], asked: Mapping[str, Any], *, by: str, first: str) -> tuple[Key, bool]:
    """The key by which a request sorts, and whether the largest is the first.

    Args:
        what: What is listed, for the message.
        sorts: The keys, by the values of SortBy.
        asked: The request.
        by: SortBy, if the request has none.
        first: SortOrder, if the request has none.

    Raises:
        ValidationError: SortBy or SortOrder has an unknown value.
    """
    chosen, way = asked.get("SortBy", by), asked.get("SortOrder", first)
    if chosen not in sorts or way not in ORDERS:
        raise ValidationError(
            f"{what} cannot be sorted by {chosen}, {way}: use {', '.join(sorts)} and Ascending or Descending."
        )
    return sorts[chosen], way == "Descending"


def page(member: str, found: Sequence[Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The action's answer.

    Args:
        member: The answer's list.
        found: All that the request wants, in its order.

    Raises:
        ValidationError: NextToken is of no answer.

    Example::

        >>> page("Models", ["a", "b", "c"], {"MaxResults": 2})
        {'Models': ['a', 'b'], 'NextToken': '2'}
        >>> page("Models", ["a", "b", "c"], {"MaxResults": 2, "NextToken": "2"})
        {'Models': ['c']}
    """
    token, limit = str(asked.get("NextToken") or "0"), int(asked.get("MaxResults") or LIMIT)
    if not token.isdecimal():
        raise ValidationError(f"NextToken '{token}' is not from this action: use an answer's NextToken.")
    start = int(token)
    answer: dict[str, Any] = {member: list(found[start : start + limit])}
    return answer | ({"NextToken": str(start + limit)} if start + limit < len(found) else {})


def seconds(value: Any) -> float:
    """A time, in seconds since 1970. moto gives it as a datetime without a zone, or as it was sent."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value)
