"""A managed policy counts with its default version, both attached to a role and as a permissions boundary."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

NAMES = ("tests-attached", "tests-boundary")


def document(*actions: str) -> str:
    statement = {"Sid": "Some", "Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def policies(cloud: Any) -> Any:
    """Two managed policies: one allows listing buckets and topics, the other only buckets."""
    iam = cloud.client("iam")
    texts = (document("s3:ListAllMyBuckets", "sns:ListTopics"), document("s3:ListAllMyBuckets"))
    made = [
        iam.create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["Arn"]
        for name, text in zip(NAMES, texts, strict=True)
    ]
    yield made
    for arn in made:
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)


@pytest.fixture
def bound(cloud: Any, policies: Any) -> Any:
    """Makes clients of a role. The first policy is attached to it, and the second is its boundary."""
    iam = cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="tests-bound",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        PermissionsBoundary=policies[1],
    )["Role"]["Arn"]
    iam.attach_role_policy(RoleName="tests-bound", PolicyArn=policies[0])
    keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=cloud.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    yield client
    iam.detach_role_policy(RoleName="tests-bound", PolicyArn=policies[0])
    iam.delete_role_permissions_boundary(RoleName="tests-bound")
    iam.delete_role(RoleName="tests-bound")


def test_a_role_may_do_what_its_attached_policy_and_its_boundary_both_allow(bound: Any) -> None:
    assert bound("s3").list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200
    with pytest.raises(ClientError, match="no permissions boundary allows the sns:ListTopics action"):
        bound("sns").list_topics()


def test_a_boundary_that_there_is_not_is_refused(cloud: Any) -> None:
    iam, arn = cloud.client("iam"), "arn:aws:iam::123456789012:policy/not-there"
    trust = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
    made = {
        "RoleName": "tests-unbound",
        "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    }
    words = rf"NoSuchEntity.* Scope ARN: {arn} does not exist or is not attachable\."
    with pytest.raises(ClientError, match=words):
        iam.create_role(**made, PermissionsBoundary=arn)
    iam.create_role(**made)
    try:
        with pytest.raises(ClientError, match=words):
            iam.put_role_permissions_boundary(RoleName="tests-unbound", PermissionsBoundary=arn)
        assert "PermissionsBoundary" not in iam.get_role(RoleName="tests-unbound")["Role"]
    finally:
        iam.delete_role(RoleName="tests-unbound")


def test_a_new_default_version_counts_at_once(bound: Any, cloud: Any, policies: Any) -> None:
    cloud.client("iam").create_policy_version(
        PolicyArn=policies[0], PolicyDocument=document("sns:ListTopics"), SetAsDefault=True
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        bound("s3").list_buckets()
