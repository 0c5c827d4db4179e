"""Whether a request is allowed, by AWS's order of evaluation within one account. Pure: no AWS, no files.

The order (IAM User Guide, "Policy evaluation logic",
docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html; the local cloud
is one account, in no organization, so there are no service or resource control policies)::

    1. a Deny that matches, in any policy                                        -> refused
    2. a resource-based policy allows the user, the session or the service       -> allowed
    3. a resource-based policy allows the role or everyone: counts as step 6
    4. a permissions boundary is set and does not allow                          -> refused
    5. a session policy is set and does not allow                                -> refused
    6. an identity-based policy allows                                           -> allowed, else refused

A role's trust policy and a KMS key's policy must allow in any case (same page; AWS KMS Developer Guide, "Key policies
in AWS KMS"). A statement there that names the account leaves it to the account's identity-based policies.

Example::

    evaluate(Access("s3:GetObject", ("arn:aws:s3:::images/a.png",)).by(principal), policies).allowed
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from localcloud.errors import UnsupportedPolicy
from localcloud.iam.conditions import is_met
from localcloud.iam.policies import Condition, Element, Statement, matches_action, matches_resource

Kind = Literal["root", "user", "role", "service", "federated", "anonymous"]
Context = Mapping[str, tuple[str, ...]]
# The services whose resources' tags are condition keys here (derivation.network and derivation.keys).
TAGGED = ("ec2", "kms")
# How directly a resource-based policy's statement names who asks.
Naming = Literal["itself", "role", "everyone", "account"]
Names = dict[Naming, tuple[str, ...]]
TRUST_ACTIONS = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML", "sts:TagSession")


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Attributes:
        arn: ``arn:aws:iam::ACCOUNT:user/NAME``, ``arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION``,
            ``arn:aws:iam::ACCOUNT:root``; a service's name (``lambda.amazonaws.com``); an identity provider's ARN;
            ``*`` for nobody known.
        account: Its account's number; empty for a service and for nobody known.
        kind: What it is.
        role_arn: The role of a session: ``arn:aws:iam::ACCOUNT:role/PATH/ROLE``.
        session_policy: The policy document given when the session was made (``sts:AssumeRole``'s ``Policy``), as JSON.
    """

    arn: str
    account: str
    kind: Kind
    role_arn: str | None = None
    session_policy: str | None = None

    def __str__(self) -> str:
        return self.arn


@dataclass(frozen=True)
class Request:
    """One action on one or more resources, by somebody: allowed only if it is allowed on each.

    Attributes:
        principal: Who asks.
        action: As policies name it: ``s3:GetObject``.
        resources: ARNs; ``("*",)`` for an action that AWS's service authorization reference gives no resource type.
        context: The condition keys' values, by the key's name in lower case; a key that is not there was not given.
    """

    principal: Principal
    action: str
    resources: tuple[str, ...] = ("*",)
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Access:
    """A request before it is known who asks: what :func:`~localcloud.iam.derivation.derive` gives."""

    action: str
    resources: tuple[str, ...] = ("*",)
    context: Context = field(default_factory=dict)

    def by(self, principal: Principal) -> Request:
        """The request of ``principal``, with the condition keys that say who it is."""
        return Request(principal, self.action, self.resources, {**_describe(principal), **self.context})


@dataclass(frozen=True)
class Policies:
    """The statements that have a say in a request.

    Attributes:
        identity: Those of the user or role: inline and attached.
        boundary: Those of its permissions boundary; None where none is set.
        resource: Those of the resource's own policy (bucket, key, topic, queue, function, role's trust); None where it
            has none.
        session: Those given when the session was made; None where none were.
    """

    identity: tuple[Statement, ...] = ()
    boundary: tuple[Statement, ...] | None = None
    resource: tuple[Statement, ...] | None = None
    session: tuple[Statement, ...] | None = None


@dataclass(frozen=True)
class Decision:
    """What evaluation came to.

    Attributes:
        allowed: Whether the request may go on.
        reason: Why, in the words that end AWS's message: ``because no identity-based policy allows the s3:GetObject
            action``.
        matched: The sources of the statements that decided: those that allowed, or those that denied; none for an
            implicit deny.
    """

    allowed: bool
    reason: str
    matched: tuple[str, ...] = ()


def evaluate(request: Request, policies: Policies) -> Decision:
    """Judge a request.

    Raises:
        UnsupportedPolicy: a statement that could decide uses something that the local cloud cannot judge.
    """
    for kind, some in (
        ("identity-based policy", policies.identity),
        ("permissions boundary", policies.boundary),
        ("resource-based policy", policies.resource),
        ("session policy", policies.session),
    ):
        denying = [
            statement.source
            for statement in _of(some, "Deny")
            if any(_matches(statement, request, resource) for resource in request.resources)
        ]
        if denying:
            article = "an" if kind.startswith("i") else "a"
            return Decision(False, f"with an explicit deny in {article} {kind}", tuple(denying))
    if request.principal.kind == "root":
        return Decision(True, "the account's root user may do everything in it that no policy denies")
    decisions = [_allow(request, resource, policies) for resource in request.resources]
    refused = next((decision for decision in decisions if not decision.allowed), None)
    matched = dict.fromkeys(source for decision in decisions for source in decision.matched)
    return refused or Decision(True, decisions[0].reason, tuple(matched))


def _allow(request: Request, resource: str, policies: Policies) -> Decision:
    """Steps 2 to 6, for one resource."""

    def allowing(some: Iterable[Statement] | None) -> tuple[str, ...]:
        return tuple(one.source for one in _of(some, "Allow") if _matches(one, request, resource))

    def refusal(kind: str) -> Decision:
        return Decision(False, f"because no {kind} allows the {request.action} action")

    named: Names = {"itself": (), "role": (), "everyone": (), "account": ()}
    for statement in _of(policies.resource, "Allow"):
        if _matches(statement, request, resource):
            naming = _naming(statement.principal, request.principal)
            assert naming is not None  # a statement that matches names who asks
            named[naming] += (statement.source,)
    if named["itself"]:
        return Decision(True, "a resource-based policy allows it", named["itself"])
    if request.principal.kind not in ("user", "role"):
        # A service, an identity provider or nobody known has no policies of its own.
        matched = named["everyone"]
        return (
            Decision(True, "a resource-based policy allows it", matched)
            if matched
            else refusal("resource-based policy")
        )
    if must_resource_allow(request, policies) and not any(named.values()):
        return refusal("resource-based policy")

    matched = ()
    for kind, some in (("permissions boundary", policies.boundary), ("session policy", policies.session)):
        if some is not None:
            if not allowing(some):
                return refusal(kind)
            matched += allowing(some)
    if given := named["role"] + named["everyone"]:
        return Decision(True, "a resource-based policy allows it", given + matched)
    if given := allowing(policies.identity):
        leave = named["account"] if must_resource_allow(request, policies) else ()
        return Decision(True, "an identity-based policy allows it", leave + given + matched)
    return refusal("identity-based policy")


def must_resource_allow(request: Request, policies: Policies) -> bool:
    """Whether an identity-based policy is not enough: roles' trust policies and KMS keys' policies must allow too."""
    if policies.resource is None:
        return False
    return request.action in TRUST_ACTIONS or request.action.lower().startswith("kms:")


def _of(some: Iterable[Statement] | None, effect: str) -> list[Statement]:
    return [statement for statement in some or () if statement.effect == effect]


def _matches(statement: Statement, request: Request, resource: str) -> bool:
    return (
        matches_action(statement.action, request.action)
        and matches_resource(statement.resource, resource, request.context)
        and (statement.principal is None or _naming(statement.principal, request.principal) is not None)
        and all(_is_met(condition, request, statement.source) for condition in statement.conditions)
    )


def _is_met(condition: Condition, request: Request, source: str) -> bool:
    if condition.key.startswith("aws:resourcetag/") and request.action.partition(":")[0] not in TAGGED:
        raise UnsupportedPolicy(f"{source} goes by a tag of what {request.action} is on, which the local cloud ignores")
    return is_met(condition, request.context, source)


def _naming(element: Element | None, principal: Principal) -> Naming | None:
    """How a Principal or NotPrincipal element names who asks; None where it does not."""
    if element is None:
        return "everyone"
    names = _names(principal)
    listed = [naming for naming, forms in names.items() if any(form in element.values for form in forms)]
    if element.negated:
        # Who is to be left out must be listed by each of its names: the account, the role and the session (IAM User
        # Guide, "IAM JSON policy elements: NotPrincipal").
        left_out = "everyone" in listed or set(names) - {"everyone"} <= set(listed)
        return None if left_out else "everyone"
    return listed[0] if listed else None


def _names(principal: Principal) -> Names:
    """What a Principal element may call somebody, the most direct first."""
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
    """The global condition keys that say who asks (IAM User Guide, "AWS global condition context keys")."""
    if principal.kind == "anonymous":
        return {"aws:principaltype": ("Anonymous",)}
    if principal.kind in ("service", "federated"):
        return {"aws:principalisawsservice": (str(principal.kind == "service").lower(),)}
    types = {"root": "Account", "user": "User", "role": "AssumedRole"}
    known = {
        "aws:principalaccount": (principal.account,),
        # Of a session it is the role's ARN, which policies can name ahead of the session.
        "aws:principalarn": (principal.role_arn or principal.arn,),
        "aws:principaltype": (types[principal.kind],),
        "aws:principalisawsservice": ("false",),
    }
    if principal.kind == "user":
        known["aws:username"] = (principal.arn.rpartition("/")[2],)
    return known
