"""What policies say of actions, without a request: the simulator's decisions. Pure.

Sources: IAM API Reference, SimulatePrincipalPolicy, SimulateCustomPolicy, EvaluationResult, ResourceSpecificResult and
GetContextKeysForCustomPolicy. An action has one result, which is the most restrictive of its resources'. A statement's
position is where its text begins and ends in the policy's document, after the bracket or comma in front of it, as the
CLI Reference's example shows (simulate-principal-policy).

Example::

    >>> text = '{"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}'
    >>> ada = Principal("arn:aws:iam::123456789012:user/ada", "123456789012", "user")
    >>> asked = Simulated(ada, (Given("Read", text),))
    >>> found = simulate(asked, "s3:GetObject", ())
    >>> found["EvalDecision"], found["MatchedStatements"][0]["SourcePolicyId"]
    ('allowed', 'Read')
    >>> simulate(asked, "s3:PutObject", ())["EvalDecision"]
    'implicitDeny'
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from localcloud.iam.evaluation import Access, Context, Decision, Policies, Principal, Request, evaluate
from localcloud.iam.policies import VARIABLE, Statement, listed, matches_action, matches_resource, statements

#: From the least restrictive to the most.
DECISIONS = ("allowed", "implicitDeny", "explicitDeny")
IDENTITY, RESOURCE = "IAM Policy", "Resource Policy"


class BadDocument(Exception):
    """A policy's text that is no policy."""


@dataclass(frozen=True)
class Given:
    """One policy of a simulation.

    Attributes:
        name: What the answer calls it: ``AmazonS3FullAccess``, ``role_NAME_POLICY``, ``PolicyInputList.1``.
        text: Its document.
    """

    name: str
    text: str

    def statements(self) -> tuple[Statement, ...]:
        """Its statements. Each has the policy's name and its own number as its source.

        Raises:
            BadDocument: The text is no JSON, or no policy.
        """
        numbered = [{**one, "Sid": str(number)} for number, one in enumerate(self._listed())]
        return statements({"Statement": numbered}, source=self.name)

    def context_keys(self) -> Iterable[str]:
        """The condition keys and policy variables of the document, as they are written there.

        Raises:
            BadDocument: See :meth:`statements`.
        """
        for one in self._listed():
            yield from _keys(one)

    def _listed(self) -> list[dict[str, Any]]:
        try:
            document = json.loads(self.text)
            found = listed(document["Statement"])
        except (ValueError, TypeError, KeyError) as error:
            raise BadDocument(f"Syntax errors in policy {self.name}") from error
        if not all(isinstance(one, dict) for one in found):
            raise BadDocument(f"Syntax errors in policy {self.name}")
        return found


@dataclass(frozen=True)
class Simulated:
    """Who asks, with which policies.

    Attributes:
        who: The principal.
        identity: Its policies.
        boundary: The permissions boundary; None if it has none.
        resource: The resource's own policy; None if it has none.
        context: The condition keys, in lower case, with their values.
        named: Whether somebody has named the principal. Only then are its name and account condition keys.
    """

    who: Principal
    identity: tuple[Given, ...]
    boundary: Given | None = None
    resource: Given | None = None
    context: Context = field(default_factory=dict)
    named: bool = True


def simulate(asked: Simulated, action: str, resources: Sequence[str]) -> dict[str, Any]:
    """The result of one action (EvaluationResult), without the name of its kind of resource.

    Args:
        resources: ARNs; none for ``*``.

    Raises:
        BadDocument: A policy is none.
        UnsupportedPolicy: A statement uses something that the local cloud cannot evaluate.
    """
    policies = Policies(
        identity=tuple(chain.from_iterable(one.statements() for one in asked.identity)),
        boundary=asked.boundary.statements() if asked.boundary else None,
        resource=asked.resource.statements() if asked.resource else None,
    )
    specific = [_on(asked, policies, action, one) for one in resources or ("*",)]
    found = {
        "EvalActionName": action,
        "EvalDecision": max((one["EvalResourceDecision"] for one in specific), key=DECISIONS.index),
        "MatchedStatements": _unique(one["MatchedStatements"] for one in specific),
        "MissingContextValues": _unique(one["MissingContextValues"] for one in specific),
    }
    if asked.boundary:
        details = [one["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] for one in specific]
        found["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": all(details)}
    given = [one for one in resources if one != "*"]
    return {**found, "EvalDecisionDetails": {}, "ResourceSpecificResults": specific} if given else found


def context_keys(policies: Iterable[Given]) -> list[str]:
    """The condition keys that policies use, as they are written there, each once.

    Example::

        >>> one = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}, "Resource": "home/${aws:username}"}
        >>> context_keys([Given("one", json.dumps({"Statement": [one]}))])
        ['aws:SecureTransport', 'aws:username']

    Raises:
        BadDocument: A policy is none.
    """
    found: dict[str, str] = {}
    for policy in policies:
        for key in policy.context_keys():
            found.setdefault(key.lower(), key)
    return list(found.values())


def position(text: str, number: int) -> tuple[dict[str, int], dict[str, int]]:
    """The begin and the end of a policy's statement, counted from 0, as lines and columns from 1.

    Example::

        >>> position('{"Statement": [{"Sid": "a"}, {"Sid": "b"}]}', 1)
        ({'Line': 1, 'Column': 29}, {'Line': 1, 'Column': 42})
    """
    decoder, at = json.JSONDecoder(), text.index("{") + 1
    while True:
        key, at = decoder.raw_decode(text, _next(text, at))
        at = text.index(":", at) + 1
        if key == "Statement":
            break
        _, at = decoder.raw_decode(text, _next(text, at))
        at = text.index(",", at) + 1
    begin = at
    if text[_next(text, at)] == "[":
        begin = _next(text, at) + 1
        for _ in range(number):
            _, at = decoder.raw_decode(text, _next(text, begin))
            begin = text.index(",", at) + 1
    _, end = decoder.raw_decode(text, _next(text, begin))
    return _place(text, begin), _place(text, end)


def _on(asked: Simulated, policies: Policies, action: str, resource: str) -> dict[str, Any]:
    """The result of an action on one resource (ResourceSpecificResult)."""
    request = _request(asked, action, resource)
    decision = evaluate(request, policies)
    named = {one.name: one for one in (*asked.identity, *filter(None, (asked.boundary, asked.resource)))}
    found: dict[str, Any] = {
        "EvalResourceName": resource,
        "EvalResourceDecision": _word(decision),
        "MatchedStatements": [_matched(source, named, asked) for source in decision.matched],
        "MissingContextValues": list(_missing(asked, named.values(), request.context, action, resource)),
    }
    if policies.boundary is not None:
        # Without other policies, what everybody is allowed is what the boundary allows.
        alone = evaluate(request, Policies(identity=policies.boundary))
        found["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": alone.allowed}
    return found


def _request(asked: Simulated, action: str, resource: str) -> Request:
    """The request of a simulation. The owner of a resource counts only if the resource's policy is given."""
    access, who = Access(action, (resource,), dict(asked.context)), asked.who
    request = access.by(who) if asked.named else Request(who, action, access.resources, access.context)
    parts = resource.split(":", 5)
    if asked.resource is not None or len(parts) < 6:
        return request
    return replace(request, principal=replace(who, account=parts[4] or who.account))


def _word(decision: Decision) -> str:
    if decision.allowed:
        return "allowed"
    return "explicitDeny" if decision.matched else "implicitDeny"


def _matched(source: str, named: Mapping[str, Given], asked: Simulated) -> dict[str, Any]:
    name, _, number = source.rpartition("/")
    begin, end = position(named[name].text, int(number))
    kind = RESOURCE if asked.resource and name == asked.resource.name else IDENTITY
    return {"SourcePolicyId": name, "SourcePolicyType": kind, "StartPosition": begin, "EndPosition": end}


def _missing(
    asked: Simulated, policies: Iterable[Given], context: Context, action: str, resource: str
) -> Iterable[str]:
    """The keys that the statements about an action and a resource need, and that are not given."""
    found: dict[str, str] = {}
    for policy in policies:
        for statement, key in _used(policy):
            covered = matches_action(statement.action, action) and matches_resource(
                statement.resource, resource, context
            )
            if covered and key.lower() not in context:
                found.setdefault(key.lower(), key)
    return found.values()


def _used(policy: Given) -> Iterable[tuple[Statement, str]]:
    for statement, document in zip(policy.statements(), policy._listed(), strict=True):
        for key in _keys(document):
            yield statement, key


def _keys(statement: Mapping[str, Any]) -> Iterable[str]:
    conditions = statement.get("Condition") or {}
    texts = [str(one) for name in ("Resource", "NotResource") for one in listed(statement.get(name, []))]
    for keys in conditions.values():
        yield from keys
        texts += [str(one) for values in keys.values() for one in listed(values)]
    for text in texts:
        yield from (name for found in VARIABLE.findall(text) if ":" in (name := found.partition(",")[0].strip()))


def _unique(lists: Iterable[list[Any]]) -> list[Any]:
    found: list[Any] = []
    for one in chain.from_iterable(lists):
        if one not in found:
            found.append(one)
    return found


def _next(text: str, at: int) -> int:
    """The next character that is no white space."""
    while text[at].isspace():
        at += 1
    return at


def _place(text: str, at: int) -> dict[str, int]:
    before = text[:at]
    return {"Line": before.count("\n") + 1, "Column": at - (before.rfind("\n") + 1) + 1}
