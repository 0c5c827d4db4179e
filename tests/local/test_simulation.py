"""The policy simulator answers as IAM's: SimulatePrincipalPolicy, SimulateCustomPolicy and the context keys."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
IMAGES = "arn:aws:s3:::images/*"
#: The document of the CLI Reference's example, whose statement is from line 3, column 19, to line 9, column 10.
CODECOMMIT = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "VisualEditor0",
            "Effect": "Allow",
            "Action": "codecommit:ListRepositories",
            "Resource": "*"
        }
    ]
}"""


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.fixture
def iam(cloud: Any) -> Any:
    return cloud.client("iam")


@pytest.fixture
def role(cloud: Any) -> Callable[..., str]:
    return lambda *statements: cloud.role(f"tests-{uuid.uuid4().hex[:8]}", *statements)


def decisions(answer: dict[str, Any]) -> dict[str, str]:
    return {one["EvalActionName"]: one["EvalDecision"] for one in answer["EvaluationResults"]}


def test_a_roles_policies_allow_deny_and_leave_out(iam: Any, role: Callable[..., str]) -> None:
    arn = role(allow("s3:*"), allow("s3:DeleteObject") | {"Effect": "Deny"})
    iam.attach_role_policy(RoleName=arn.rpartition("/")[2], PolicyArn="arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess")
    actions = ["s3:GetObject", "s3:DeleteObject", "sqs:ListQueues", "ec2:RunInstances"]
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=actions)
    assert decisions(answer) == dict(zip(actions, ("allowed", "explicitDeny", "allowed", "implicitDeny"), strict=True))
    assert answer["IsTruncated"] is False
    name = arn.rpartition("/")[2]
    matched = {
        one["EvalActionName"]: [statement["SourcePolicyId"] for statement in one["MatchedStatements"]]
        for one in answer["EvaluationResults"]
    }
    assert matched == {
        "s3:GetObject": [f"role_{name}_tests"],
        "s3:DeleteObject": [f"role_{name}_tests"],
        "sqs:ListQueues": ["AmazonSQSReadOnlyAccess"],
        "ec2:RunInstances": [],
    }
    iam.detach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess")


def test_a_statement_is_found_where_it_stands_in_its_document(iam: Any) -> None:
    (found,) = iam.simulate_custom_policy(PolicyInputList=[CODECOMMIT], ActionNames=["codecommit:ListRepositories"])[
        "EvaluationResults"
    ]
    assert found["MatchedStatements"] == [
        {
            "SourcePolicyId": "PolicyInputList.1",
            "SourcePolicyType": "IAM Policy",
            "StartPosition": {"Line": 3, "Column": 19},
            "EndPosition": {"Line": 9, "Column": 10},
        }
    ]
    assert "ResourceSpecificResults" not in found
    assert found["EvalResourceName"] == "*"


def test_an_action_has_the_most_restrictive_of_its_resources_decisions(iam: Any) -> None:
    policy = document(
        allow("s3:GetObject", IMAGES), allow("s3:GetObject", "arn:aws:s3:::secret/*") | {"Effect": "Deny"}
    )
    resources = ["arn:aws:s3:::images/a", "arn:aws:s3:::other/a", "arn:aws:s3:::secret/a"]

    def simulated(arns: list[str]) -> dict[str, Any]:
        answer = iam.simulate_custom_policy(PolicyInputList=[policy], ActionNames=["s3:GetObject"], ResourceArns=arns)
        (found,) = answer["EvaluationResults"]
        return dict(found)

    found = simulated(resources)
    assert found["EvalDecision"] == "explicitDeny"
    specific = {one["EvalResourceName"]: one["EvalResourceDecision"] for one in found["ResourceSpecificResults"]}
    assert specific == dict(zip(resources, ("allowed", "implicitDeny", "explicitDeny"), strict=True))
    assert simulated(resources[:2])["EvalDecision"] == "implicitDeny"
    assert simulated(resources[:1])["EvalDecision"] == "allowed"


def test_context_keys_are_given_or_named_as_missing(iam: Any) -> None:
    condition = {"StringEquals": {"s3:ExistingObjectTag/Team": "ml"}, "Bool": {"aws:SecureTransport": "true"}}
    policy = document(allow("s3:GetObject", Condition=condition), allow("sqs:*", "arn:aws:sqs:*:*:${aws:username}"))
    asked = {"PolicyInputList": [policy], "ActionNames": ["s3:GetObject"]}
    (bare,) = iam.simulate_custom_policy(**asked)["EvaluationResults"]
    assert (bare["EvalDecision"], bare["MissingContextValues"]) == (
        "implicitDeny",
        ["s3:ExistingObjectTag/Team", "aws:SecureTransport"],
    )
    entries = [
        {"ContextKeyName": "s3:ExistingObjectTag/Team", "ContextKeyValues": ["ml"], "ContextKeyType": "string"},
        {"ContextKeyName": "aws:securetransport", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"},
    ]
    (whole,) = iam.simulate_custom_policy(**asked, ContextEntries=entries)["EvaluationResults"]
    assert (whole["EvalDecision"], whole["MissingContextValues"]) == ("allowed", [])
    (named,) = iam.simulate_custom_policy(PolicyInputList=[policy], ActionNames=["sqs:SendMessage"])[
        "EvaluationResults"
    ]
    assert (named["EvalDecision"], named["MissingContextValues"]) == ("implicitDeny", [])
    (mine,) = iam.simulate_custom_policy(
        PolicyInputList=[policy],
        ActionNames=["sqs:SendMessage"],
        ResourceArns=[f"arn:aws:sqs:us-east-1:{ACCOUNT}:ada"],
        CallerArn=f"arn:aws:iam::{ACCOUNT}:user/ada",
    )["EvaluationResults"]
    assert mine["EvalDecision"] == "allowed"
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[policy])["ContextKeyNames"]
    assert keys == ["s3:ExistingObjectTag/Team", "aws:SecureTransport", "aws:username"]


def test_a_boundary_limits_and_says_whether_it_does(iam: Any) -> None:
    asked = {"PolicyInputList": [document(allow("*"))], "ActionNames": ["s3:GetObject", "sqs:SendMessage"]}
    bound = iam.simulate_custom_policy(**asked, PermissionsBoundaryPolicyInputList=[document(allow("s3:*"))])
    assert decisions(bound) == {"s3:GetObject": "allowed", "sqs:SendMessage": "implicitDeny"}
    assert [
        one["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] for one in bound["EvaluationResults"]
    ] == [True, False]
    assert "PermissionsBoundaryDecisionDetail" not in iam.simulate_custom_policy(**asked)["EvaluationResults"][0]


def test_a_resources_policy_allows_a_user_that_is_named(iam: Any) -> None:
    name = f"tests-{uuid.uuid4().hex[:8]}"
    user = iam.create_user(UserName=name)["User"]["Arn"]
    own = document(allow("s3:GetObject", IMAGES) | {"Principal": {"AWS": user}})
    asked = {"ActionNames": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::images/a"], "ResourcePolicy": own}
    assert decisions(iam.simulate_principal_policy(PolicySourceArn=user, **asked)) == {"s3:GetObject": "allowed"}
    other = user.replace(name, "nobody")
    by_other = iam.simulate_custom_policy(PolicyInputList=[document(allow("sqs:*"))], CallerArn=other, **asked)
    assert decisions(by_other) == {"s3:GetObject": "implicitDeny"}
    with pytest.raises(ClientError, match="Caller cannot be null or empty"):
        iam.simulate_custom_policy(PolicyInputList=[document(allow("sqs:*"))], **asked)


def test_a_resource_of_another_account_is_judged_by_its_own_policy_if_that_is_given(iam: Any) -> None:
    theirs = "arn:aws:sqs:us-east-1:999999999999:images"
    asked = {
        "PolicyInputList": [document(allow("sqs:*"))],
        "ActionNames": ["sqs:SendMessage"],
        "ResourceArns": [theirs],
        "CallerArn": f"arn:aws:iam::{ACCOUNT}:user/ada",
    }
    assert decisions(iam.simulate_custom_policy(**asked)) == {"sqs:SendMessage": "allowed"}
    shut = document(allow("sqs:SendMessage", theirs) | {"Principal": {"AWS": "arn:aws:iam::111111111111:root"}})
    assert decisions(iam.simulate_custom_policy(**asked, ResourcePolicy=shut)) == {"sqs:SendMessage": "implicitDeny"}
    opened = document(allow("sqs:SendMessage", theirs) | {"Principal": {"AWS": ACCOUNT}})
    assert decisions(iam.simulate_custom_policy(**asked, ResourcePolicy=opened)) == {"sqs:SendMessage": "allowed"}


def test_results_come_in_pages(iam: Any) -> None:
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[document(allow("s3:*"))],
        ActionNames=["s3:GetObject", "s3:PutObject", "sqs:SendMessage"],
        PaginationConfig={"PageSize": 2},
    )
    assert [len(page["EvaluationResults"]) for page in pages] == [2, 1]


@pytest.mark.parametrize(
    ("arn", "code", "words"),
    [
        (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/one/me",
            "InvalidInput",
            f"Invalid Entity Arn: arn:aws:sts::{ACCOUNT}:assumed-role/one/me does not clearly define entity type and "
            "name.",
        ),
        (f"arn:aws:iam::{ACCOUNT}:role/no-such", "NoSuchEntity", "The role with name no-such cannot be found."),
    ],
)
def test_who_is_not_there_cannot_be_simulated(iam: Any, arn: str, code: str, words: str) -> None:
    with pytest.raises(ClientError) as raised:
        iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["s3:GetObject"])
    assert (raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]) == (code, words)


@pytest.mark.parametrize(
    "changed", [{"PolicyInputList": ["{"]}, {"ActionNames": ["s3:Get*"]}, {"PolicyInputList": ["[]"]}]
)
def test_what_is_no_policy_or_no_action_is_refused(iam: Any, changed: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="InvalidInput"):
        iam.simulate_custom_policy(**{"PolicyInputList": [CODECOMMIT], "ActionNames": ["s3:GetObject"], **changed})


def test_a_role_without_the_right_is_denied_and_one_with_it_is_not(cloud: Any, role: Callable[..., str]) -> None:
    """SageMaker's SDK takes AccessDenied, and nothing else, for an answer that it can do without."""

    def simulating(arn: str) -> Any:
        keys = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
        iam = boto3.client(
            "iam",
            endpoint_url=cloud.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
        return iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["s3:GetObject"])

    with pytest.raises(ClientError) as raised:
        simulating(role(allow("s3:*")))
    assert raised.value.response["Error"]["Code"] == "AccessDenied"
    assert decisions(simulating(role(allow("iam:SimulatePrincipalPolicy")))) == {"s3:GetObject": "implicitDeny"}


@pytest.mark.parametrize(
    "statement",
    [
        allow("s3:*") | {"Action": 1},
        allow("s3:*", Condition=[]),
        allow("s3:*", Condition={"StringEquals": "x"}),
        allow("s3:*", Condition={"aws:x": {"a": "1"}}),
        allow("s3:*", Principal="*"),
    ],
)
def test_what_is_no_policy_is_invalid_input(iam: Any, statement: dict[str, Any]) -> None:
    text = document(statement)
    for ask in (
        lambda: iam.simulate_custom_policy(ActionNames=["s3:GetObject"], PolicyInputList=[text]),
        lambda: iam.get_context_keys_for_custom_policy(PolicyInputList=[text]),
    ):
        with pytest.raises(ClientError, match=r"Syntax errors in policy PolicyInputList\.1") as refused:
            ask()
        assert refused.value.response["Error"]["Code"] == "InvalidInput"


@pytest.mark.parametrize(
    ("kind", "value"), [("ip", "nonsense"), ("numeric", "abc"), ("dateList", "yesterday"), ("boolean", "maybe")]
)
def test_a_wrong_value_of_a_context_key_is_named(iam: Any, kind: str, value: str) -> None:
    entry = {"ContextKeyName": "aws:SourceIp", "ContextKeyValues": [value], "ContextKeyType": kind}
    with pytest.raises(ClientError, match=f"context key aws:SourceIp: '{value}'"):
        iam.simulate_custom_policy(
            ActionNames=["s3:GetObject"], PolicyInputList=[document(allow("s3:*"))], ContextEntries=[entry]
        )


def test_the_owner_of_a_bucket_in_another_account_is_refused_by_name(iam: Any) -> None:
    """A bucket's ARN does not say whose it is, so the answer would be wrong."""
    with pytest.raises(ClientError, match="another account") as refused:
        iam.simulate_custom_policy(
            ActionNames=["s3:GetObject"],
            PolicyInputList=[document(allow("s3:*"))],
            CallerArn=f"arn:aws:iam::{ACCOUNT}:user/ada",
            ResourceArns=["arn:aws:s3:::images/a"],
            ResourcePolicy=document(allow("s3:GetObject", IMAGES) | {"Principal": "*"}),
            ResourceOwner="arn:aws:iam::999999999999:root",
        )
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
