"""Allowed or denied: the IAM User Guide's worked cases, and rules that hold for every request.

Sources: "Policy evaluation logic", "Policy evaluation for requests within a single account", "The difference between
explicit and implicit denies", "Permissions boundaries for IAM entities", "AWS JSON policy elements: Principal" and
"NotPrincipal"; AWS KMS Developer Guide, "Key policies in AWS KMS".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import UnsupportedPolicy
from localcloud.iam.evaluation import Access, Decision, Policies, Principal, Request, evaluate
from localcloud.iam.policies import Statement, statements

ACCOUNT = "123456789012"
CARLOS = Principal(f"arn:aws:iam::{ACCOUNT}:user/carlos", ACCOUNT, "user")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service/training"
SESSION = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/training/job", ACCOUNT, "role", ROLE)
ROOT = Principal(f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "root")
LAMBDA = Principal("lambda.amazonaws.com", "", "service")
TOKENS = Principal(f"arn:aws:iam::{ACCOUNT}:oidc-provider/tokens.example", "", "federated")
NOBODY = Principal("*", "", "anonymous")

BUCKET, OBJECT = "arn:aws:s3:::images", "arn:aws:s3:::images/a.png"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0001"
GET = Access("s3:GetObject", (OBJECT,))


def policy(*given: dict[str, Any], source: str = "role/training/inline") -> tuple[Statement, ...]:
    return statements({"Statement": list(given)}, source=source)


def allow(action: str = "s3:GetObject", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str = "s3:GetObject", resource: str = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def judged(principal: Principal, access: Access = GET, **given: Any) -> Decision:
    return evaluate(access.by(principal), Policies(**given))


def test_what_no_policy_allows_is_refused():
    decision = judged(CARLOS)
    assert (decision.allowed, decision.matched) == (False, ())
    assert decision.reason == "because no identity-based policy allows the s3:GetObject action"


def test_an_identity_policy_is_enough_where_the_resource_has_none():
    assert judged(CARLOS, identity=policy(allow())) == Decision(
        True, "an identity-based policy allows it", ("role/training/inline/1",)
    )


def test_a_resource_policy_is_enough_in_the_same_account():
    bucket = policy(allow(Principal={"AWS": CARLOS.arn}), source="bucket/images")
    assert judged(CARLOS, resource=bucket).matched == ("bucket/images/1",)


@pytest.mark.parametrize("kind", ["identity", "boundary", "resource", "session"])
@pytest.mark.parametrize("principal", [CARLOS, SESSION])
def test_a_deny_anywhere_overrides_every_allow(kind, principal):
    open_to_all = {one: policy(allow("*")) for one in ("identity", "boundary", "session")}
    open_to_all["resource"] = policy(allow("*", Principal="*"))
    assert judged(principal, **open_to_all).allowed

    shut = policy(deny(**({"Principal": "*"} if kind == "resource" else {}), Sid="Shut"), source="x")
    decision = judged(principal, **{**open_to_all, kind: open_to_all[kind] + shut})
    assert (decision.allowed, decision.matched) == (False, ("x/Shut",))
    assert decision.reason.startswith("with an explicit deny in a")


def test_a_deny_counts_only_when_its_conditions_hold():
    bucket = policy(
        deny("s3:*", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}), source="bucket/images"
    )
    plain = Access(GET.action, GET.resources, {"aws:securetransport": ("false",)})
    safe = Access(GET.action, GET.resources, {"aws:securetransport": ("true",)})
    assert judged(CARLOS, safe, identity=policy(allow()), resource=bucket).allowed
    assert not judged(CARLOS, plain, identity=policy(allow()), resource=bucket).allowed


def test_a_boundary_limits_identity_policies_and_grants_nothing():
    assert judged(CARLOS, identity=policy(allow()), boundary=policy(allow())).allowed
    assert not judged(CARLOS, identity=(), boundary=policy(allow())).allowed
    decision = judged(CARLOS, identity=policy(allow()), boundary=policy(allow("s3:PutObject")))
    assert decision.reason == "because no permissions boundary allows the s3:GetObject action"


def test_a_boundary_that_is_empty_allows_nothing():
    assert not judged(CARLOS, identity=policy(allow()), boundary=()).allowed


def test_a_session_policy_limits_the_session():
    assert judged(SESSION, identity=policy(allow()), session=policy(allow())).allowed
    decision = judged(SESSION, identity=policy(allow()), session=policy(allow("s3:PutObject")))
    assert decision.reason == "because no session policy allows the s3:GetObject action"


@pytest.mark.parametrize(
    ("principal", "named", "allowed"),
    [
        # An implicit deny of a boundary or session policy does not limit a user or session that the resource names …
        (CARLOS, {"AWS": CARLOS.arn}, True),
        (SESSION, {"AWS": SESSION.arn}, True),
        # … but it limits a role that the resource names, and a principal that only "*" covers.
        (SESSION, {"AWS": ROLE}, False),
        (SESSION, "*", False),
        (CARLOS, "*", False),
        # An account as principal means the users whom the account allows, not all its users.
        (CARLOS, {"AWS": ACCOUNT}, False),
        (CARLOS, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, False),
    ],
)
def test_a_boundary_limits_a_resource_policy_by_whom_it_names(principal, named, allowed):
    resource = policy(allow(Principal=named), source="bucket/images")
    assert judged(principal, resource=resource, boundary=policy(allow("s3:PutObject"))).allowed is allowed


@pytest.mark.parametrize(
    ("principal", "named", "allowed"),
    [
        (SESSION, {"AWS": ROLE}, True),
        (SESSION, {"AWS": [CARLOS.arn, SESSION.arn]}, True),
        (SESSION, {"AWS": CARLOS.arn}, False),
        (SESSION, {"AWS": ACCOUNT}, False),
        (SESSION, "*", True),
        (LAMBDA, {"Service": "lambda.amazonaws.com"}, True),
        (LAMBDA, {"Service": "states.amazonaws.com"}, False),
        (LAMBDA, {"AWS": "*"}, True),
        (TOKENS, {"Federated": TOKENS.arn}, True),
        (TOKENS, {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/others.example"}, False),
        (NOBODY, "*", True),
        (NOBODY, {"AWS": ACCOUNT}, False),
    ],
)
def test_a_resource_policy_allows_whom_it_names(principal, named, allowed):
    resource = policy(allow(Principal=named), source="bucket/images")
    assert judged(principal, resource=resource).allowed is allowed


def test_a_deny_with_not_principal_spares_only_who_is_listed_by_every_name():
    root = f"arn:aws:iam::{ACCOUNT}:root"

    def allowed(*spared: str) -> bool:
        bucket = policy(
            {"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": list(spared)}}, source="b"
        )
        return judged(SESSION, identity=policy(allow()), resource=bucket).allowed

    assert allowed(SESSION.arn, ROLE, root)
    assert allowed(SESSION.arn, ROLE, ACCOUNT)
    assert not allowed(SESSION.arn, root)
    assert not allowed(ROLE, root)
    assert not allowed(CARLOS.arn, root)


def test_the_root_user_may_do_all_that_no_policy_denies():
    assert judged(ROOT).allowed
    assert not judged(ROOT, resource=policy(deny(Principal="*"))).allowed


class TestTrust:
    """Only the principals of a role's trust policy may assume the role."""

    ASSUME = Access("sts:AssumeRole", (ROLE,), {"aws:sourceaccount": (ACCOUNT,)})

    def trust(self, principal: Any, **more: Any) -> tuple[Statement, ...]:
        given = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
        return policy(given, source="role/training/trust")

    def test_a_service_that_is_trusted(self):
        assert judged(LAMBDA, self.ASSUME, resource=self.trust({"Service": "lambda.amazonaws.com"})).allowed

    @pytest.mark.parametrize(
        ("principal", "allowed"),
        [("states.amazonaws.com", True), ("states.us-east-1.amazonaws.com", True), ("lambda.amazonaws.com", False)],
    )
    def test_step_functions_has_a_global_and_a_regional_principal(self, principal, allowed):
        states = replace(LAMBDA, arn="states.amazonaws.com")
        assert judged(states, self.ASSUME, resource=self.trust({"Service": principal})).allowed is allowed

    @pytest.mark.parametrize(("account", "allowed"), [(ACCOUNT, True), ("999999999999", False)])
    def test_a_service_is_trusted_for_the_account_it_acts_for(self, account, allowed):
        trusted = self.trust(
            {"Service": "lambda.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": account}}
        )
        assert judged(LAMBDA, self.ASSUME, resource=trusted).allowed is allowed

    def test_permission_to_assume_is_not_enough(self):
        decision = judged(CARLOS, self.ASSUME, identity=policy(allow("*")), resource=())
        assert decision.reason == "because no resource-based policy allows the sts:AssumeRole action"

    def test_trust_in_the_account_leaves_it_to_the_users_policies(self):
        trusted = self.trust({"AWS": ACCOUNT})
        assert not judged(CARLOS, self.ASSUME, resource=trusted).allowed
        decision = judged(CARLOS, self.ASSUME, resource=trusted, identity=policy(allow("sts:AssumeRole")))
        assert decision.matched == ("role/training/trust/1", "role/training/inline/1")

    def test_trust_in_the_user_is_enough(self):
        assert judged(CARLOS, self.ASSUME, resource=self.trust({"AWS": CARLOS.arn})).allowed

    def test_a_web_identity_is_trusted_by_its_claims(self):
        asked = Access("sts:AssumeRoleWithWebIdentity", (ROLE,), {"tokens.example:sub": ("repo:me/scones:ref:main",)})
        given = {
            "Effect": "Allow",
            "Action": asked.action,
            "Principal": {"Federated": TOKENS.arn},
            "Condition": {"StringLike": {"tokens.example:sub": "repo:me/scones:*"}},
        }
        assert judged(TOKENS, asked, resource=policy(given)).allowed
        other = Access(asked.action, asked.resources, {"tokens.example:sub": ("repo:you/scones:ref:main",)})
        assert not judged(TOKENS, other, resource=policy(given)).allowed


class TestKeys:
    """A KMS key's own policy decides who may use the key."""

    DECRYPT = Access("kms:Decrypt", (KEY,))

    def test_permission_to_decrypt_is_not_enough(self):
        mine = policy(allow("kms:*", Principal={"AWS": CARLOS.arn}), source="key/0001")
        assert not judged(SESSION, self.DECRYPT, identity=policy(allow("kms:*")), resource=mine).allowed

    def test_a_policy_that_names_the_account_leaves_it_to_identity_policies(self):
        account = policy(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), source="key/0001")
        assert not judged(SESSION, self.DECRYPT, resource=account).allowed
        assert judged(SESSION, self.DECRYPT, resource=account, identity=policy(allow("kms:Decrypt", KEY))).allowed

    def test_a_policy_that_names_the_role_is_enough(self):
        assert judged(SESSION, self.DECRYPT, resource=policy(allow("kms:Decrypt", Principal={"AWS": ROLE}))).allowed

    def test_an_action_on_no_key_is_left_to_identity_policies(self):
        assert judged(CARLOS, Access("kms:ListAliases"), identity=policy(allow("kms:ListAliases"))).allowed


def test_a_request_on_two_resources_must_be_allowed_on_both():
    both = Access("sagemaker:CreateEndpoint", ("arn:x:endpoint/a", "arn:x:endpoint-config/a"))
    assert not judged(CARLOS, both, identity=policy(allow(both.action, "arn:x:endpoint/*"))).allowed
    split = policy(allow(both.action, "arn:x:endpoint/*"), allow(both.action, "arn:x:endpoint-config/*"))
    assert judged(CARLOS, both, identity=split).matched == ("role/training/inline/1", "role/training/inline/2")


def test_who_asks_is_a_condition_key():
    by_role = policy(allow(Condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/service/*"}}))
    assert judged(SESSION, identity=by_role).allowed
    assert not judged(CARLOS, identity=by_role).allowed
    own = policy(allow(resource="arn:aws:s3:::images/${aws:username}.png"))
    assert judged(CARLOS, Access("s3:GetObject", ("arn:aws:s3:::images/carlos.png",)), identity=own).allowed
    assert not judged(CARLOS, identity=own).allowed


TENANCY = {"StringEquals": {"ec2:Tenancy": "default"}}


def unsure(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """A statement whose condition nobody can judge."""
    return allow(Condition=TENANCY) | {"Effect": effect} | more


def judged_unsure(**policies: Any) -> Decision:
    request = replace(GET.by(CARLOS), unjudged=("ec2:tenancy",))
    return evaluate(request, Policies(**policies))


def test_a_statement_that_cannot_be_judged_counts_only_where_it_decides():
    with pytest.raises(UnsupportedPolicy, match="ec2:tenancy"):
        judged_unsure(identity=policy(unsure()))
    with pytest.raises(UnsupportedPolicy, match="ec2:tenancy"):
        judged_unsure(identity=policy(allow(), unsure("Deny")))
    # Another statement allows or denies the request whatever this one does, or it is for something else.
    assert judged_unsure(identity=policy(unsure(), allow())).allowed
    assert judged_unsure(identity=policy(unsure("Deny"))).reason.startswith("because no identity-based policy")
    assert judged_unsure(identity=policy(unsure(), allow() | {"Effect": "Deny"})).reason.startswith("with an explicit")
    assert not judged_unsure(identity=policy(unsure(Action="s3:PutObject"))).allowed
    assert not judged_unsure(identity=policy(unsure()), boundary=()).allowed
    also = {"StringEquals": {"aws:username": "nobody"}}
    assert not judged_unsure(identity=policy(unsure(Condition=TENANCY | {"StringLike": also["StringEquals"]}))).allowed


def test_a_resource_of_another_account_needs_its_own_policy_too():
    queue = "arn:aws:sqs:us-east-1:999999999999:images"
    send = Access("sqs:SendMessage", (queue,))
    own = policy(allow("sqs:SendMessage", "*"))
    refused = judged(CARLOS, send, identity=own)
    assert refused.reason == "because no resource-based policy allows the sqs:SendMessage action"
    theirs = policy(allow("sqs:SendMessage", "*") | {"Principal": {"AWS": CARLOS.arn}}, source="queue/images")
    assert not judged(CARLOS, send, resource=theirs).allowed
    both = judged(CARLOS, send, identity=own, resource=theirs)
    assert both.allowed
    assert len(both.matched) == 2


ACTIONS = ["s3:GetObject", "s3:PutObject"]
RESOURCES = [OBJECT, "arn:aws:s3:::images/b.png"]
EFFECTS = st.sampled_from(["Allow", "Deny"])
PATTERNS = st.sampled_from(["*", "s3:*", *ACTIONS]), st.sampled_from(["*", f"{BUCKET}/*", *RESOURCES])
NAMED = st.sampled_from(["*", {"AWS": CARLOS.arn}, {"AWS": ROLE}, {"AWS": ACCOUNT}, {"Service": LAMBDA.arn}])
PLAIN = st.builds(lambda effect, action, arn: {"Effect": effect, "Action": action, "Resource": arn}, EFFECTS, *PATTERNS)
POLICY = st.lists(PLAIN, max_size=3).map(lambda some: policy(*some))
OF_BUCKET = st.lists(st.builds(lambda one, who: one | {"Principal": who}, PLAIN, NAMED), max_size=3).map(
    lambda some: policy(*some, source="bucket/images")
)
POLICIES = st.builds(Policies, POLICY, st.none() | POLICY, st.none() | OF_BUCKET, st.none() | POLICY)
REQUESTS = st.builds(
    lambda who, action, arns: Access(action, tuple(arns)).by(who),
    st.sampled_from([CARLOS, SESSION, LAMBDA, NOBODY]),
    st.sampled_from(ACTIONS),
    st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2, unique=True),
)


def without(policies: Policies, source: str) -> Policies:
    def rest(some: tuple[Statement, ...] | None) -> tuple[Statement, ...] | None:
        return None if some is None else tuple(one for one in some if one.source != source)

    return Policies(
        rest(policies.identity) or (), rest(policies.boundary), rest(policies.resource), rest(policies.session)
    )


@given(REQUESTS, POLICIES)
def test_nothing_is_allowed_without_a_statement_that_allows(request_, policies):
    """If all statements that matched are removed, the request is denied: the matched statements decided."""
    decision = evaluate(request_, policies)
    if decision.allowed:
        assert decision.matched
        for source in decision.matched:
            policies = without(policies, source)
        again = evaluate(request_, policies)
        assert not set(again.matched) & set(decision.matched)


@given(REQUESTS, POLICIES, st.sampled_from(["identity", "boundary", "resource", "session"]))
def test_a_deny_of_everything_refuses_everything(request_, policies, kind):
    shut = policy(deny("*", **({"Principal": "*"} if kind == "resource" else {})), source="shut")
    some = {name: getattr(policies, name) for name in ("identity", "boundary", "resource", "session")}
    some[kind] = (some[kind] or ()) + shut
    assert not evaluate(request_, Policies(**some)).allowed


@given(REQUESTS, POLICIES)
def test_more_limits_never_allow_more(request_, policies):
    limited = Policies(policies.identity, (), policies.resource, ())
    if evaluate(request_, limited).allowed:
        assert evaluate(request_, Policies(policies.identity, None, policies.resource, None)).allowed


@given(REQUESTS, POLICIES)
def test_the_order_of_statements_does_not_matter(request_, policies):
    def turned(some: tuple[Statement, ...] | None) -> tuple[Statement, ...] | None:
        return None if some is None else some[::-1]

    other = Policies(
        policies.identity[::-1], turned(policies.boundary), turned(policies.resource), turned(policies.session)
    )
    assert evaluate(request_, other).allowed == evaluate(request_, policies).allowed


@given(REQUESTS, POLICIES)
def test_a_request_on_several_resources_is_its_requests_on_each(request_, policies):
    each = [
        evaluate(Request(request_.principal, request_.action, (arn,), request_.context), policies).allowed
        for arn in request_.resources
    ]
    assert evaluate(request_, policies).allowed == all(each)


def test_a_remembered_decision_is_not_given_to_another_time_name_or_policy():
    """Decisions are remembered. Whatever a policy looks at must be part of what is remembered."""
    until = {"DateLessThan": {"aws:CurrentTime": "2026-01-02T00:00:00Z"}}
    dated = Policies(identity=policy(allow(Condition=until)))
    decided = [
        evaluate(replace(GET, context={"aws:currenttime": (moment,)}).by(SESSION), dated).allowed
        for moment in ("2026-01-01T23:59:59Z", "2026-01-02T00:00:01Z", "2026-01-01T23:59:59Z")
    ]
    assert decided == [True, False, True]

    own = Policies(identity=policy(allow(resource="arn:aws:s3:::images/${aws:username, 'nobody'}/*")))
    access = Access("s3:GetObject", ("arn:aws:s3:::images/carlos/a.png",))
    by_carlos = access.by(CARLOS)
    assert evaluate(by_carlos, own).allowed
    assert not evaluate(replace(by_carlos, context={**by_carlos.context, "aws:username": ("ann",)}), own).allowed
    without = {key: value for key, value in by_carlos.context.items() if key != "aws:username"}
    assert not evaluate(replace(by_carlos, context=without), own).allowed

    in_condition = Policies(identity=policy(allow(Condition={"StringEquals": {"s3:prefix": "${aws:username}"}})))
    prefixed = replace(by_carlos, context={**by_carlos.context, "s3:prefix": ("carlos",)})
    assert evaluate(prefixed, in_condition).allowed
    assert not evaluate(replace(prefixed, context={**prefixed.context, "aws:username": ("ann",)}), in_condition).allowed

    assert evaluate(GET.by(SESSION), Policies(identity=policy(allow()))).allowed
    assert not evaluate(GET.by(SESSION), Policies(identity=policy(allow(), allow(), source="x")[:0])).allowed
    assert not evaluate(GET.by(SESSION), Policies(identity=policy(allow()), boundary=())).allowed
