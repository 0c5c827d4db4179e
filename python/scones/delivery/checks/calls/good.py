"""Makes a request that keeps every constraint of an operation's model: the smallest that there is.

Example::

    >>> from botocore.session import Session
    >>> model = Session().get_service_model("sagemaker")
    >>> request(model.operation_model("DeleteEndpoint"))
    {'EndpointName': 'a'}
    >>> text(r"arn:aws:kms:[a-z0-9-]+:\\d{12}:key/.{3,}", 0, 100)
    'arn:aws:kms:a:000000000000:key/aaa'

A request names things that do not exist. It says nothing about what AWS demands besides the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from re import _constants as codes  # type: ignore[attr-defined]  # typeshed lacks the parser of patterns
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import regex
from botocore.model import OperationModel, Shape

#: Values of members whose form the models do not say.
KNOWN = {
    "AccountId": "123456789012",
    "Bucket": "no-such-bucket",
    "CopySource": "no-such-bucket/a",
    "EndpointArn": "arn:aws:sns:us-east-1:123456789012:endpoint/GCM/a/b",
    "PlatformApplicationArn": "arn:aws:sns:us-east-1:123456789012:app/GCM/a",
    "PolicyDocument": '{"Version": "2012-10-17", "Statement": []}',
    "SubscriptionArn": "arn:aws:sns:us-east-1:123456789012:a:00000000-0000-0000-0000-000000000000",
    "TargetArn": "arn:aws:sns:us-east-1:123456789012:a",
    "TopicArn": "arn:aws:sns:us-east-1:123456789012:a",
}
#: Texts that many patterns take. The first is the shortest.
FREQUENT = (
    "a",
    "aa",
    "a1",
    "1",
    "A",
    "a/b",
    "/a",
    "arn:aws:iam::123456789012:role/a",
    "arn:aws:sagemaker:us-east-1:123456789012:model/a",
    "arn:aws:kms:us-east-1:123456789012:key/a",
    "s3://a/b",
    "https://a",
    "00000000-0000-0000-0000-000000000000",
    "123456789012",
    "us-east-1",
)
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
DEEPEST = 12
LONGEST_MATCH = 0.5  # seconds


def request(operation: OperationModel) -> dict[str, Any]:
    """The smallest good request of an operation."""
    return dict(value(operation.input_shape)) if operation.input_shape else {}


def value(shape: Shape, name: str = "", depth: int = 0) -> Any:
    """The smallest good value of a shape.

    Args:
        shape: The shape in botocore's model.
        name: The member's name, for the values of :data:`KNOWN`.
    """
    limits, kind = shape.metadata, shape.type_name
    if kind == "structure":
        if shape.is_document_type or depth > DEEPEST:
            return {}
        wanted = list(shape.required_members)
        if getattr(shape, "is_tagged_union", False) and not wanted:
            wanted = list(shape.members)[:1]
        return {one: value(shape.members[one], one, depth + 1) for one in wanted}
    if kind == "list":
        return [item(shape.member, depth + 1)] * max(1, limits.get("min", 0))
    if kind == "map":
        keys = _keys(shape.key, max(1, limits.get("min", 0)))
        return {key: item(shape.value, depth + 1) for key in keys}
    if kind == "string":
        return _known(shape, name) or text(limits.get("pattern"), limits.get("min", 0), limits.get("max", 1 << 20))
    if kind in ("integer", "long"):
        return max(1, int(limits.get("min", 1))) if limits.get("max", 1) >= 1 else int(limits["max"])
    if kind in ("float", "double"):
        return float(limits.get("min", 1.0))
    if kind == "blob":
        return b"a" * max(1, limits.get("min", 0))
    return {"boolean": False, "timestamp": MOMENT}[kind]


def item(shape: Shape, depth: int = 0) -> Any:
    """A good value in a list or a map. It has a member, because a form cannot say that there is an empty structure."""
    made = value(shape, "", depth)
    if made == {} and shape.type_name == "structure" and shape.members and depth <= DEEPEST:
        first = next(iter(shape.members))
        return {first: value(shape.members[first], first, depth + 1)}
    return made


def text(pattern: str | None, least: int, most: int) -> str:
    """A text that a pattern takes and whose length is in a range.

    Raises:
        ValueError: None was found.
    """
    for one in _candidates(pattern, least):
        if least <= len(one) <= most and keeps(pattern, one):
            return one
    raise ValueError(f"no text was found for the pattern {pattern} with {least} to {most} characters")


def keeps(pattern: str | None, text: str) -> bool:
    """Whether a pattern of the model takes a text. It has to take the whole text."""
    if pattern is None:
        return True
    try:
        return regex.fullmatch(readable(pattern), text, timeout=LONGEST_MATCH) is not None
    except (regex.error, TimeoutError):
        return True  # a pattern that only Java reads, or that takes for ever: the local cloud does not check it either


def readable(pattern: str) -> str:
    """A pattern of the model as Python reads it: Java writes characters above U+FFFF as surrogate pairs."""
    return pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")


def _known(shape: Shape, name: str) -> str | None:
    if shape.enum:
        return str(shape.enum[0])
    limits, known = shape.metadata, KNOWN.get(name)
    fits = known and limits.get("min", 0) <= len(known) <= limits.get("max", 1 << 20)
    return known if fits and keeps(limits.get("pattern"), str(known)) else None


def _keys(shape: Shape, count: int) -> list[str]:
    if shape.enum:
        return [str(one) for one in shape.enum[:count]]
    one = text(shape.metadata.get("pattern"), shape.metadata.get("min", 1), shape.metadata.get("max", 1 << 20))
    return [one, *(one + str(number) for number in range(count - 1))][:count]


def _candidates(pattern: str | None, least: int) -> Iterator[str]:
    for one in FREQUENT:
        yield one
        if len(one) < least:
            yield one + one[-1] * (least - len(one))
    if pattern is None:
        return
    simple = regex.sub(r"\\p\{[^}]*\}", "a", readable(pattern)).replace("[a]", "a")
    try:
        tree = parser.parse(simple)
    except (parser.error, OverflowError):
        return
    for extra in (0, 1, 2, 4, 8, 16, 32, 64, 128, 256):
        yield _written(tree, extra)


def _written(tree: Any, extra: int) -> str:
    """A text that a parsed pattern takes. Each repetition is done ``extra`` times more than it has to be."""
    made = ""
    for code, what in tree:
        if code is codes.LITERAL:
            made += chr(what)
        elif code is codes.NOT_LITERAL:
            made += "a" if what != ord("a") else "b"
        elif code is codes.ANY:
            made += "a"
        elif code is codes.IN:
            made += _member(what)
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            least, most, inner = what
            made += _written(inner, 0) * min(least + extra, int(most))
        elif code is codes.SUBPATTERN:
            made += _written(what[3], extra)
        elif code is codes.BRANCH:
            made += max((_written(one, extra) for one in what[1]), key=bool)
    return made


def _member(choices: Any) -> str:
    """A character of a class such as ``[a-z0-9]``."""
    negated = choices and choices[0][0] is codes.NEGATE
    found: set[str] = set()
    for code, what in choices:
        if code is codes.LITERAL:
            found.add(chr(what))
        elif code is codes.RANGE:
            found |= {chr(number) for number in range(what[0], min(what[1], what[0] + 128) + 1)}
        elif code is codes.CATEGORY:
            found |= {
                codes.CATEGORY_DIGIT: set("0"),
                codes.CATEGORY_SPACE: {" "},
                codes.CATEGORY_WORD: set("a0_"),
                codes.CATEGORY_NOT_SPACE: set("a0"),
                codes.CATEGORY_NOT_DIGIT: {"a"},
                codes.CATEGORY_NOT_WORD: {"-"},
            }[what]
    if negated:
        return next(one for one in "a0-A/ " if one not in found)
    return next((one for one in "a0A" if one in found), min(found))
