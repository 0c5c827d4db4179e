"""IAM's policy language: documents read into statements, and what a statement's elements match.

Source of the grammar: IAM User Guide, "IAM JSON policy elements reference"
(docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html). What AWS documents and this does not read
is refused by name (:class:`UnsupportedPolicy`), never passed over. Example::

    statements(json.loads(document), source="role/scones-local-training/data")
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from localcloud.errors import UnsupportedPolicy

Effect = Literal["Allow", "Deny"]
ELEMENTS = {"Sid", "Effect", "Condition"} | {
    prefix + name for prefix in ("", "Not") for name in ("Action", "Resource", "Principal")
}
PRINCIPAL_TYPES = ("AWS", "Service", "Federated")
# Wildcards that :func:`fill` has put in as characters, by code points that no ARN has.
LITERAL = {"*": "\ue000", "?": "\ue001"}
AS_TEXT = str.maketrans("".join(LITERAL), "".join(LITERAL.values()))
SPECIAL_VARIABLES = {**LITERAL, "$": "$"}  # ${*}, ${?} and ${$} are the characters themselves


@dataclass(frozen=True)
class Element:
    """An Action, Resource or Principal element: what it lists, and whether it is the ``Not…`` form.

    A principal is listed with its type before it: ``AWS arn:aws:iam::123456789012:root``, ``Service s3.amazonaws.com``.
    """

    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Condition:
    """One key under one operator of a Condition element: ``StringLike``, ``s3:prefix``, ``("images/*",)``."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One statement of a policy.

    Attributes:
        source: Where it stands, as ``role/NAME/POLICY/SID``; its number, from 1, stands for a Sid it lacks.
        effect: ``Allow`` or ``Deny``.
        action: The actions it covers.
        resource: The ARNs it covers; None, in a policy that has no such element (a role's trust policy), is all.
        principal: Whom a resource-based policy's statement concerns; None in an identity-based one.
        conditions: What must all hold for it to count.
    """

    source: str
    effect: Effect
    action: Element
    resource: Element | None = None
    principal: Element | None = None
    conditions: tuple[Condition, ...] = ()


def statements(document: Mapping[str, Any], *, source: str) -> tuple[Statement, ...]:
    """The statements of a policy document.

    Raises:
        UnsupportedPolicy: it has an element, an effect or a kind of principal that is not read here.
    """
    return tuple(
        _statement(given, f"{source}/{given.get('Sid') or number}")
        for number, given in enumerate(listed(document.get("Statement", [])), start=1)
    )


def _statement(given: Mapping[str, Any], source: str) -> Statement:
    if unknown := sorted(set(given) - ELEMENTS):
        raise UnsupportedPolicy(f"{source} has the element {unknown[0]}, which the local cloud cannot judge")
    if given.get("Effect") not in ("Allow", "Deny"):
        raise UnsupportedPolicy(f"{source} has the Effect {given.get('Effect')!r}: it must be Allow or Deny")
    action = _element(given, "Action", listed)
    if action is None:
        raise UnsupportedPolicy(f"{source} has neither an Action nor a NotAction")
    conditions = tuple(
        Condition(operator, key.lower(), tuple(_text(value) for value in listed(values)))
        for operator, keys in given.get("Condition", {}).items()
        for key, values in keys.items()
    )
    return Statement(
        source=source,
        effect=given["Effect"],
        action=action,
        resource=_element(given, "Resource", listed),
        principal=_element(given, "Principal", lambda value: _principals(value, source)),
        conditions=conditions,
    )


def _element(given: Mapping[str, Any], name: str, values_of: Callable[[Any], Iterable[str]]) -> Element | None:
    if name in given:
        return Element(tuple(values_of(given[name])))
    if f"Not{name}" in given:
        return Element(tuple(values_of(given[f"Not{name}"])), negated=True)
    return None


def _principals(value: Any, source: str) -> list[str]:
    if value == "*":
        return ["AWS *"]
    if unknown := sorted(set(value) - set(PRINCIPAL_TYPES)):
        raise UnsupportedPolicy(
            f"{source} has a principal of the type {unknown[0]}, which the local cloud cannot judge"
        )
    return [f"{kind} {one}" for kind, ones in value.items() for one in listed(ones)]


def listed(value: Any) -> list[Any]:
    """A JSON value that may be one or a list, as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def matches_action(element: Element, action: str) -> bool:
    """Whether an Action or NotAction element covers ``s3:GetObject``; upper and lower case are the same."""
    return any(matches(pattern.lower(), action.lower()) for pattern in element.values) != element.negated


def matches_resource(element: Element | None, arn: str, variables: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a Resource or NotResource element covers an ARN (``*`` where the action has none).

    Args:
        variables: The request's context, from which policy variables (``${aws:username}``) are filled.
    """
    if element is None:
        return True
    patterns = [filled for pattern in element.values if (filled := fill(pattern, variables)) is not None]
    return any(matches(pattern, arn) for pattern in patterns) != element.negated


def matches(pattern: str, text: str) -> bool:
    """Whether ``text`` is what ``pattern`` says: ``*`` is any characters, ``?`` is one, all others are themselves.

    As AWS has it, ``*`` passes over ``/`` and, in an ARN, over colons.
    """
    return _compiled(pattern).fullmatch(text) is not None


def unescaped(pattern: str) -> str:
    """A pattern of :func:`fill`'s as plain text, for operators that know no wildcards."""
    for character, literal in LITERAL.items():
        pattern = pattern.replace(literal, character)
    return pattern


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(one) or re.escape(unescaped(one)) for one in pattern), re.DOTALL)


def fill(pattern: str, context: Mapping[str, tuple[str, ...]]) -> str | None:
    """A pattern with its policy variables replaced by the request's values; None where the request lacks one.

    Source: IAM User Guide, "IAM policy elements: Variables and tags": a default follows a comma, in single quotes; a
    statement whose variable has no value does not match; ``${*}``, ``${?}`` and ``${$}`` are the characters.

    Raises:
        UnsupportedPolicy: a variable that no request of the local cloud ever has a value for.
    """
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = (part.strip() for part in match.group(1).partition(","))
        if name in SPECIAL_VARIABLES:
            return SPECIAL_VARIABLES[name]
        known = context.get(name.lower(), ())
        if len(known) == 1:
            return known[0].translate(AS_TEXT)  # a value is text, never a pattern
        if default:
            return default.strip("'")
        if name.lower() not in VARIABLES:
            raise UnsupportedPolicy(f"the local cloud cannot judge a policy with the variable ${{{name}}}")
        missing = True
        return ""

    filled = re.sub(r"\$\{([^}]*)\}", value, pattern)
    return None if missing else filled


VARIABLES = frozenset(
    name.lower()
    for name in (
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalType",
        "aws:SecureTransport",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:username",
        "s3:prefix",
    )
)


@lru_cache(maxsize=1024)
def read(document: str | bytes, source: str) -> tuple[Statement, ...]:
    """The statements of a policy document's text, read once.

    Raises:
        UnsupportedPolicy: as of :func:`statements`.
    """
    return statements(json.loads(document), source=source)
