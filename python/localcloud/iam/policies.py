"""IAM's policy language: reads policy documents into statements, and matches a statement's elements.

The grammar is in the IAM User Guide, "IAM JSON policy elements reference"
(docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html). This module refuses each element that it
does not support and names it (:class:`UnsupportedPolicy`).

Example::

    >>> document = {"Statement": [{"Sid": "Data", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
    >>> (statement,) = statements(document, source="role/training/data")
    >>> statement.source, matches_action(statement.action, "s3:GetObject")
    ('role/training/data/Data', True)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from localcloud.errors import UnsupportedPolicy

Effect = Literal["Allow", "Deny"]
ELEMENTS = {"Sid", "Effect", "Condition"} | {
    prefix + name for prefix in ("", "Not") for name in ("Action", "Resource", "Principal")
}
PRINCIPAL_TYPES = ("AWS", "Service", "Federated")
# :func:`fill` replaces the wildcards in a value by these code points, which no ARN has.
LITERAL = {"*": "\ue000", "?": "\ue001"}
AS_TEXT = str.maketrans("".join(LITERAL), "".join(LITERAL.values()))
VARIABLE = re.compile(r"\$\{([^}]*)\}")
SPECIAL_VARIABLES = {**LITERAL, "$": "$"}  # ${*}, ${?} and ${$} are the characters themselves


@dataclass(frozen=True)
class Element:
    """An Action, Resource or Principal element. ``negated`` is true for its ``Not…`` form.

    A principal has its type in front: ``AWS arn:aws:iam::123456789012:root``, ``Service s3.amazonaws.com``.
    """

    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Condition:
    """One key of one operator in a Condition element: ``StringLike``, ``s3:prefix``, ``("images/*",)``."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One statement of a policy.

    Attributes:
        source: Its place, ``role/NAME/POLICY/SID``. A statement without a Sid has its number, counted from 1.
        effect: ``Allow`` or ``Deny``.
        action: The actions that it covers.
        resource: The ARNs that it covers; None, for all, if the policy has no such element (a role's trust policy).
        principal: The principals of a resource-based policy's statement; None in an identity-based policy.
        conditions: The statement applies only if all of them are met.
    """

    source: str
    effect: Effect
    action: Element
    resource: Element | None = None
    principal: Element | None = None
    conditions: tuple[Condition, ...] = ()

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.source, self.effect, self.action, self.resource, self.principal, self.conditions))

    @cached_property
    def keys(self) -> frozenset[str]:
        """The condition keys that decide whether the statement applies, in lower case."""
        patterns = [*(self.resource.values if self.resource else ()), *(v for c in self.conditions for v in c.values)]
        named = [name.partition(",")[0].strip().lower() for one in patterns for name in VARIABLE.findall(one)]
        return frozenset([*named, *(condition.key for condition in self.conditions)])


def statements(document: Mapping[str, Any], *, source: str) -> tuple[Statement, ...]:
    """The statements of a policy document.

    Raises:
        UnsupportedPolicy: The document has an element, an effect or a type of principal that this module does not read.
    """
    return tuple(
        _statement(given, f"{source}/{given.get('Sid') or number}")
        for number, given in enumerate(listed(document.get("Statement", [])), start=1)
    )


def _statement(given: Mapping[str, Any], source: str) -> Statement:
    if unknown := sorted(set(given) - ELEMENTS):
        raise UnsupportedPolicy(
            f"{source} has the element {unknown[0]}, which the local cloud does not support: test it on AWS"
        )
    if given.get("Effect") not in ("Allow", "Deny"):
        raise UnsupportedPolicy(f"{source} has the Effect {given.get('Effect')!r}: it must be Allow or Deny")
    action = _element(given, "Action", listed)
    if action is None:
        raise UnsupportedPolicy(f"{source} has neither an Action nor a NotAction: add one")
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
            f"{source} has a principal of the type {unknown[0]}, which the local cloud does not support: test it on AWS"
        )
    return [f"{kind} {one}" for kind, ones in value.items() for one in listed(ones)]


def listed(value: Any) -> list[Any]:
    """A JSON value as a list. It may be one value or a list already.

    Example::

        >>> listed("s3:GetObject"), listed(["s3:GetObject", "s3:PutObject"])
        (['s3:GetObject'], ['s3:GetObject', 's3:PutObject'])
    """
    return list(value) if isinstance(value, list | tuple) else [value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def matches_action(element: Element, action: str) -> bool:
    """Whether an Action or NotAction element covers an action, ``s3:GetObject``. Case does not matter."""
    return any(matches(pattern.lower(), action.lower()) for pattern in element.values) != element.negated


def matches_resource(
    element: Element | None, arn: str, variables: Mapping[str, tuple[str, ...]], unjudged: Collection[str] = ()
) -> bool:
    """Whether a Resource or NotResource element covers an ARN.

    Args:
        arn: An ARN, or ``*`` if the action has no resource.
        variables: The request's context, for the policy variables (``${aws:username}``).
        unjudged: See :func:`fill`.
    """
    if element is None:
        return True
    patterns = [filled for pattern in element.values if (filled := fill(pattern, variables, unjudged)) is not None]
    return any(matches(pattern, arn) for pattern in patterns) != element.negated


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern: ``*`` matches any characters, ``?`` one character.

    As on AWS, ``*`` also matches ``/`` and the colons of an ARN.

    Example::

        >>> matches("arn:aws:s3:::images/*", "arn:aws:s3:::images/2026/a.png"), matches("model-?", "model-12")
        (True, False)
    """
    return _compiled(pattern).fullmatch(text) is not None


def unescaped(pattern: str) -> str:
    """A pattern from :func:`fill` as plain text, for operators without wildcards."""
    for character, literal in LITERAL.items():
        pattern = pattern.replace(literal, character)
    return pattern


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(one) or re.escape(unescaped(one)) for one in pattern), re.DOTALL)


def fill(pattern: str, context: Mapping[str, tuple[str, ...]], unjudged: Collection[str] = ()) -> str | None:
    """A pattern with its policy variables replaced by the request's values; None if the request lacks one.

    Source: IAM User Guide, "IAM policy elements: Variables and tags". A default follows a comma, in single quotes. A
    statement does not match if one of its variables has no value. ``${*}``, ``${?}`` and ``${$}`` are the characters.

    Example::

        >>> fill("home/${aws:username}/*", {"aws:username": ("ann",)})
        'home/ann/*'

    Args:
        pattern: A value of a policy.
        context: The values of the request's condition keys.
        unjudged: The keys that the request has on AWS, and whose values the local cloud does not know.

    Raises:
        UnsupportedPolicy: The pattern has one of them.
    """
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = (part.strip() for part in match.group(1).partition(","))
        if name in SPECIAL_VARIABLES:
            return SPECIAL_VARIABLES[name]
        known = context.get(name.lower(), ())
        if len(known) == 1:
            return known[0].translate(AS_TEXT)  # a value has no wildcards
        if name.lower() in unjudged:
            raise UnsupportedPolicy(
                f"a policy has the variable ${{{name}}}, whose value the local cloud does not know: test it on AWS"
            )
        if default:
            return default.strip("'")
        missing = True
        return ""

    filled = VARIABLE.sub(value, pattern)
    return None if missing else filled


@lru_cache(maxsize=1024)
def read(document: str | bytes, source: str) -> tuple[Statement, ...]:
    """The statements of a policy document's text. The result is cached.

    Raises:
        UnsupportedPolicy: See :func:`statements`.
    """
    return statements(json.loads(document), source=source)
