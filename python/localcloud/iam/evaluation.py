"""Whether policies allow a request, in AWS's order of evaluation within one account. Pure: no moto, no files.

The order (IAM User Guide, "Policy evaluation logic",
docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html)::

    1. a Deny matches, in any policy                                             -> denied
    2. a resource-based policy allows the user, the session or the service       -> allowed
    3. a resource-based policy allows the role or everyone: replaces step 6
    4. a permissions boundary is set and does not allow                          -> denied
    5. a session policy is set and does not allow                                -> denied
    6. an identity-based policy allows                                           -> allowed, else denied

A statement whose conditions cannot be judged may apply or not. It counts only where that decides: the policies are
evaluated as if such an Allow did not apply and such a Deny did, and if that refuses the request, the other way round.
Only if the two differ is there no decision.

The local cloud is one account without an organization, so it has no service or resource control policies. A role's
trust policy and a KMS key's policy must always allow (same page; AWS KMS Developer Guide, "Key policies in AWS KMS").
If such a policy names the account, the account's identity-based policies decide. To use a resource of another account,
the resource's policy and the principal's policies must both allow it ("Cross-account policy evaluation logic").

Example::

    >>> ann = Principal("arn:aws:iam::123456789012:user/ann", "123456789012", "user")
    >>> allow = Statement("user/ann/read/1", "Allow", Element(("s3:Get*",)), Element(("arn:aws:s3:::images/*",)))
    >>> request = Access("s3:GetObject", ("arn:aws:s3:::images/a.png",)).by(ann)
    >>> evaluate(request, Policies(identity=(allow,)))
    Decision(allowed=True, reason='an identity-based policy allows it', matched=('user/ann/read/1',))
    >>> evaluate(request, Policies()).reason
    'because no identity-based policy allows the s3:GetObject action'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

from localcloud.errors import UnsupportedPolicy
from localcloud.iam.conditions import is_met
from localcloud.iam.policies import Element, Statement, matches_action, matches_resource

Kind = Literal["root", "user", "role", "service", "federated", "anonymous"]
Context = Mapping[str, tuple[str, ...]]
# How directly a statement of a resource-based policy names the principal.
Naming = Literal["itself", "role", "everyone", "account"]
Names = dict[Naming, tuple[str, ...]]
TRUST_ACTIONS = (
    "sts:AssumeRole",
    "sts:AssumeRoleWithWebIdentity",
    "sts:AssumeRoleWithSAML",
    "sts:SetSourceIdentity",
    "sts:TagSession",
)


@dataclass(frozen=True)
class Principal:
    """The sender of a request.

    Attributes:
        arn: ``arn:aws:iam::ACCOUNT:user/NAME``, ``arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`` or
            ``arn:aws:iam::ACCOUNT:root``; a service's name (``lambda.amazonaws.com``); the ARN of an identity provider;
            ``*`` for an anonymous sender.
        account: The account's number; empty for a service and for an anonymous sender.
        kind: One of :data:`Kind`.
        role_arn: The role of a session: ``arn:aws:iam::ACCOUNT:role/PATH/ROLE``.
        session_policy: The session's policy document as JSON (the parameter ``Policy`` of ``sts:AssumeRole``).
        session_context: The condition keys that a session brings with it, with their values: its tags, its source
            identity, its begin.
    """

    arn: str
    account: str
    kind: Kind
    role_arn: str | None = None
    session_policy: str | None = None
    session_context: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __str__(self) -> str:
        return self.arn


@dataclass(frozen=True)
class Request:
    """One action of a principal on one or more resources. It is allowed only if it is allowed on each resource.

    Attributes:
        principal: The sender.
        action: The action's name in policies, ``s3:GetObject``.
        resources: ARNs; ``("*",)`` if the service authorization reference gives the action no resource type.
        context: The values of the condition keys. The keys are in lower case. A missing key was not given.
        unjudged: The keys that the request has on AWS, and whose values the local cloud does not know.
    """

    principal: Principal
    action: str
    resources: tuple[str, ...] = ("*",)
    context: Context = field(default_factory=dict)
    unjudged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Access:
    """A request without its principal.

    :func:`~localcloud.iam.derivation.derive` returns accesses.
    """

    action: str
    resources: tuple[str, ...] = ("*",)
    context: Context = field(default_factory=dict)

    def by(self, principal: Principal) -> Request:
        """The request of ``principal``, with the condition keys that describe the principal."""
        return Request(principal, self.action, self.resources, {**_describe(principal), **self.context})


@dataclass(frozen=True)
class Policies:
    """The statements that apply to a request.

    Attributes:
        identity: The user's or role's inline and attached policies.
        boundary: The permissions boundary; None if none is set.
        resource: The resource's own policy (of a bucket, key, topic, queue or function, or a role's trust policy); None
            if it has none.
        session: The session policy; None if the session has none.
    """

    identity: tuple[Statement, ...] = ()
    boundary: tuple[Statement, ...] | None = None
    resource: tuple[Statement, ...] | None = None
    session: tuple[Statement, ...] | None = None

    @cached_property
    def keys(self) -> frozenset[str]:
        """The condition keys that the statements use, in lower case."""
        of = (self.identity, self.boundary or (), self.resource or (), self.session or ())
        return frozenset().union(*(statement.keys for some in of for statement in some))


@dataclass(frozen=True)
class Decision:
    """The result of an evaluation.

    Attributes:
        allowed: Whether the request may go on.
        reason: The end of AWS's message: ``because no identity-based policy allows the s3:GetObject action``.
        matched: The sources of the statements that allowed or denied the request; empty for an implicit deny.
    """

    allowed: bool
    reason: str
    matched: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Found:
    """A decision, and what could not be judged on the way to it."""

    decision: Decision
    problems: tuple[str, ...]


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide whether the policies allow a request.

    Raises:
        UnsupportedPolicy: A statement that decides uses something that the local cloud cannot evaluate.
    """
    context = tuple((key, request.context[key]) for key in sorted(policies.keys) if key in request.context)
    unjudged = tuple(key for key in request.unjudged if key in policies.keys)
    asked = (request.principal, request.action, request.resources, context, unjudged)
    found = _decision(*asked, policies, lenient=False)
    if found.decision.allowed or not found.problems:
        return found.decision
    lenient = _decision(*asked, policies, lenient=True)
    if lenient.decision.allowed:
        raise UnsupportedPolicy(found.problems[0])
    return lenient.decision


@lru_cache(maxsize=4096)
def _decision(
    principal: Principal,
    action: str,
    resources: tuple[str, ...],
    context: tuple[tuple[str, tuple[str, ...]], ...],
    unjudged: tuple[str, ...],
    policies: Policies,
    *,
    lenient: bool,
) -> _Found:
    """The decision about a request. It depends on nothing else, so the same question has the same answer.

    Args:
        context: The condition keys that the policies use, with their values.
        unjudged: Those of them whose values are not known.
        lenient: Whether a statement that cannot be judged counts for the request, and not against it.
    """
    matching = _Matching(Request(principal, action, resources, dict(context), unjudged), lenient)
    return _Found(_evaluated(matching, policies), tuple(matching.problems))


def _evaluated(matching: _Matching, policies: Policies) -> Decision:
    request = matching.request
    for kind, some in (
        ("identity-based policy", policies.identity),
        ("permissions boundary", policies.boundary),
        ("resource-based policy", policies.resource),
        ("session policy", policies.session),
    ):
        denying = [
            statement.source
            for statement in _of(some, "Deny")
            if any(matching.applies(statement, resource) for resource in request.resources)
        ]
        if denying:
            article = "an" if kind.startswith("i") else "a"
            return Decision(False, f"with an explicit deny in {article} {kind}", tuple(denying))
    if request.principal.kind == "root":
        return Decision(True, "the account's root user may do everything in it that no policy denies")
    decisions = [_allow(matching, resource, policies) for resource in request.resources]
    refused = next((decision for decision in decisions if not decision.allowed), None)
    matched = dict.fromkeys(source for decision in decisions for source in decision.matched)
    return refused or Decision(True, decisions[0].reason, tuple(matched))


def _allow(matching: _Matching, resource: str, policies: Policies) -> Decision:
    """Steps 2 to 6, for one resource."""
    request = matching.request

    def allowing(some: Iterable[Statement] | None) -> tuple[str, ...]:
        return tuple(one.source for one in _of(some, "Allow") if matching.applies(one, resource))

    def refusal(kind: str) -> Decision:
        return Decision(False, f"because no {kind} allows the {request.action} action")

    named: Names = {"itself": (), "role": (), "everyone": (), "account": ()}
    for statement in _of(policies.resource, "Allow"):
        if matching.applies(statement, resource):
            naming = _naming(statement.principal, request.principal)
            assert naming is not None  # a statement that matches also names the principal
            named[naming] += (statement.source,)
    foreign = is_foreign(resource, request.principal)
    if named["itself"] and not foreign:
        return Decision(True, "a resource-based policy allows it", named["itself"])
    if request.principal.kind not in ("user", "role"):
        # A service, an identity provider and an anonymous sender have no policies of their own.
        matched = named["everyone"]
        return (
            Decision(True, "a resource-based policy allows it", matched)
            if matched
            else refusal("resource-based policy")
        )
    must = foreign or must_resource_allow(request, policies)
    if must and not any(named.values()):
        return refusal("resource-based policy")

    matched = ()
    for kind, some in (("permissions boundary", policies.boundary), ("session policy", policies.session)):
        if some is not None:
            if not allowing(some):
                return refusal(kind)
            matched += allowing(some)
    if (given := named["role"] + named["everyone"]) and not foreign:
        return Decision(True, "a resource-based policy allows it", given + matched)
    if given := allowing(policies.identity):
        leave = tuple(source for naming in named.values() for source in naming) if must else ()
        return Decision(True, "an identity-based policy allows it", leave + given + matched)
    return refusal("identity-based policy")


def is_foreign(resource: str, principal: Principal) -> bool:
    """Whether a resource belongs to another account than a user or a session. A bucket's ARN names no account."""
    parts = resource.split(":", 5)
    owned = len(parts) == 6 and re.fullmatch(r"\d{12}", parts[4])
    return bool(owned) and principal.kind in ("user", "role") and parts[4] != principal.account


def must_resource_allow(request: Request, policies: Policies) -> bool:
    """Whether an identity-based policy is not enough.

    A role's trust policy and a KMS key's policy must allow a request too.
    """
    if policies.resource is None:
        return False
    return request.action in TRUST_ACTIONS or request.action.lower().startswith("kms:")


def _of(some: Iterable[Statement] | None, effect: str) -> list[Statement]:
    return [statement for statement in some or () if statement.effect == effect]


class _Matching:
    """Which statements apply to a request.

    Attributes:
        problems: What could not be judged, one sentence for each statement.
    """

    def __init__(self, request: Request, lenient: bool) -> None:
        self.request, self.problems = request, list[str]()
        self._lenient = lenient

    def applies(self, statement: Statement, resource: str) -> bool:
        """Whether a statement applies to the request on a resource."""
        request = self.request
        if not matches_action(statement.action, request.action):
            return False
        if statement.principal is not None and _naming(statement.principal, request.principal) is None:
            return False
        problems = []
        try:
            if not matches_resource(statement.resource, resource, request.context, request.unjudged):
                return False
        except UnsupportedPolicy as problem:
            problems.append(str(problem))
        for condition in statement.conditions:
            try:
                if not is_met(condition, request.context, statement.source, request.unjudged):
                    return False
            except UnsupportedPolicy as problem:
                problems.append(str(problem))
        self.problems += problems[:1]
        return not problems or self._lenient == (statement.effect == "Allow")


#: Step Functions has a principal in each region beside the global one (its Developer Guide, "Creating IAM roles").
_REGIONAL = re.compile(r"(?<=^Service )states\.[a-z]{2}(-[a-z]+)+-\d\.(?=amazonaws\.com$)")


def _naming(element: Element | None, principal: Principal) -> Naming | None:
    """How a Principal or NotPrincipal element names the principal; None if it does not."""
    if element is None:
        return "everyone"
    names = _names(principal)
    values = {_REGIONAL.sub("states.", value) for value in element.values}
    listed = [naming for naming, forms in names.items() if any(form in values for form in forms)]
    if element.negated:
        # NotPrincipal excludes a principal only if it lists all its names: the account, the role and the session (IAM
        # User Guide, "IAM JSON policy elements: NotPrincipal").
        left_out = "everyone" in listed or set(names) - {"everyone"} <= set(listed)
        return None if left_out else "everyone"
    return listed[0] if listed else None


def _names(principal: Principal) -> Names:
    """The names of a principal in a Principal element, the most direct first."""
    everyone: Names = {"everyone": ("AWS *",)}
    if principal.kind == "anonymous":
        return everyone
    if principal.kind in ("service", "federated"):
        named: Names = {"itself": (f"{principal.kind.capitalize()} {principal.arn}",)}
        return named | everyone
    account: Names = {"account": (f"AWS arn:aws:iam::{principal.account}:root", f"AWS {principal.account}")}
    if principal.kind == "root":
        return account | everyone
    itself: Names = {"itself": (f"AWS {principal.arn}",)}
    role: Names = {"role": (f"AWS {principal.role_arn}",)} if principal.kind == "role" else {}
    return itself | role | everyone | account


def _describe(principal: Principal) -> Context:
    """The global condition keys that describe the principal (IAM User Guide, "AWS global condition context keys")."""
    if principal.kind == "anonymous":
        return {"aws:principaltype": ("Anonymous",), "aws:userid": ("anonymous",)}
    if principal.kind == "federated":
        return {"aws:principalisawsservice": ("false",)}
    if principal.kind == "service":
        return {
            "aws:principalisawsservice": ("true",),
            "aws:principalservicename": (principal.arn,),
            "aws:principalservicenameslist": (principal.arn,),
        }
    types = {"root": "Account", "user": "User", "role": "AssumedRole"}
    known = {
        "aws:principalaccount": (principal.account,),
        # A session has its role's ARN here, because a policy cannot know the session's ARN beforehand.
        "aws:principalarn": (principal.role_arn or principal.arn,),
        "aws:principaltype": (types[principal.kind],),
        "aws:principalisawsservice": ("false",),
    }
    if principal.kind == "user":
        known["aws:username"] = (principal.arn.rpartition("/")[2],)
    if principal.kind == "role":
        # Only temporary credentials have it, and nobody signs in here with a device.
        known["aws:multifactorauthpresent"] = ("false",)
    return {**known, **dict(principal.session_context)}
