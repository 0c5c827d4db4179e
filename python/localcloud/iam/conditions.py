"""Whether a request meets a condition of a policy. Pure.

Sources: IAM User Guide, "IAM JSON policy elements: Condition operators"
(docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html) and "Set operators for
multivalued context keys". A condition's values are alternatives. A negated operator (``…Not…``) is met if none of the
values matches. If the request lacks the key, only these are met: a negated operator, ``…IfExists``, ``"Null": "true"``
and ``ForAllValues:``. A key that AWS does not have is one that every request lacks.

Example::

    >>> images = Condition("StringLike", "s3:prefix", ("images/*",))
    >>> is_met(images, {"s3:prefix": ("images/2026",)}), is_met(images, {})
    (True, False)
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from localcloud.errors import UnsupportedPolicy
from localcloud.iam.policies import Condition, fill, matches, unescaped

Test = Callable[[str, str], bool]  # takes the request's value and the policy's
SETS = ("ForAllValues:", "ForAnyValue:")


def is_met(
    condition: Condition,
    context: Mapping[str, tuple[str, ...]],
    source: str = "a policy",
    unjudged: Collection[str] = (),
) -> bool:
    """Whether a request meets a condition.

    Args:
        context: The values of the request's condition keys. The keys are in lower case.
        source: The statement's name, for the error message.
        unjudged: The keys that the request has on AWS, and whose values the local cloud does not know.

    Raises:
        UnsupportedPolicy: AWS does not have the operator, the operator does not take the value, or the condition has
            one of the keys whose values are not known.
    """
    name = condition.operator
    group = next((prefix for prefix in SETS if name.startswith(prefix)), "")
    name = name.removeprefix(group)
    optional = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if condition.key in unjudged:
        raise UnsupportedPolicy(
            f"{source} has the condition key {condition.key}, whose value the local cloud does not know: test it on AWS"
        )
    actual = context.get(condition.key, ())
    if name == "Null":
        return any((not actual) == (wanted.lower() == "true") for wanted in condition.values)
    if name not in OPERATORS:
        raise UnsupportedPolicy(
            f"{source} has the condition operator {condition.operator}, which AWS does not have: correct its name"
        )
    test, negated = OPERATORS[name]
    if not actual:
        return group == "ForAllValues:" or (group == "" and negated) or optional
    expected = [filled for value in condition.values if (filled := fill(value, context, unjudged)) is not None]

    def matching(value: str) -> bool:
        try:
            return any(test(value, one) for one in expected) != negated
        except ValueError as error:
            raise UnsupportedPolicy(f"{source} has a wrong value for {condition.operator}: {error}") from error

    if group == "ForAnyValue:":
        return any(matching(value) for value in actual)
    # Without a set operator a key has one value. If it has more, a negated operator must match none of them.
    return all(matching(value) for value in actual) if group or negated else any(matching(value) for value in actual)


def _same(actual: str, expected: str) -> bool:
    return actual == unescaped(expected)


def _same_text(actual: str, expected: str) -> bool:
    return actual.lower() == unescaped(expected).lower()


def _like(actual: str, expected: str) -> bool:
    return matches(expected, actual)


def _arn_like(actual: str, expected: str) -> bool:
    """Match each of an ARN's six parts separately. A ``*`` does not match across their colons."""
    given, wanted = actual.split(":", 5), expected.split(":", 5)
    return len(given) == len(wanted) and all(map(matches, wanted, given))


def _number(compare: Callable[[float, float], bool]) -> Test:
    return lambda actual, expected: compare(float(actual), float(expected))


def _date(compare: Callable[[datetime, datetime], bool]) -> Test:
    return lambda actual, expected: compare(_moment(actual), _moment(expected))


def _moment(text: str) -> datetime:
    """A date in ISO 8601, or seconds since 1970. Without a time zone it is UTC."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _within(actual: str, expected: str) -> bool:
    return ipaddress.ip_address(actual) in ipaddress.ip_network(expected, strict=False)


def _same_bytes(actual: str, expected: str) -> bool:
    try:
        return base64.b64decode(actual, validate=True) == base64.b64decode(expected, validate=True)
    except binascii.Error as error:
        raise ValueError(f"{expected!r} is not base64") from error


def _truth(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def is_value(kind: str, text: str) -> bool:
    """Whether a text is a value of a type of condition keys (IAM API Reference, ContextEntry).

    Example::

        >>> is_value("ip", "203.0.113.9"), is_value("date", "yesterday"), is_value("string", "yesterday")
        (True, False, True)
    """
    readers: dict[str, Callable[[str], object]] = {
        "numeric": float,
        "date": _moment,
        "ip": lambda one: ipaddress.ip_network(one, strict=False),
        "binary": lambda one: base64.b64decode(one, validate=True),
        "boolean": _truth,
    }
    try:
        readers.get(kind, str)(text)
    except (ValueError, KeyError):  # binascii's error is a ValueError
        return False
    return True


OPERATORS: dict[str, tuple[Test, bool]] = {
    "StringEquals": (_same, False),
    "StringNotEquals": (_same, True),
    "StringEqualsIgnoreCase": (_same_text, False),
    "StringNotEqualsIgnoreCase": (_same_text, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "NumericEquals": (_number(operator.eq), False),
    "NumericNotEquals": (_number(operator.eq), True),
    "NumericLessThan": (_number(operator.lt), False),
    "NumericLessThanEquals": (_number(operator.le), False),
    "NumericGreaterThan": (_number(operator.gt), False),
    "NumericGreaterThanEquals": (_number(operator.ge), False),
    "DateEquals": (_date(operator.eq), False),
    "DateNotEquals": (_date(operator.eq), True),
    "DateLessThan": (_date(operator.lt), False),
    "DateLessThanEquals": (_date(operator.le), False),
    "DateGreaterThan": (_date(operator.gt), False),
    "DateGreaterThanEquals": (_date(operator.ge), False),
    "Bool": (_same_text, False),
    "BinaryEquals": (_same_bytes, False),
    "IpAddress": (_within, False),
    "NotIpAddress": (_within, True),
    # ArnEquals and ArnLike behave the same, and so do their opposites (same page, "ARN condition operators").
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
}
