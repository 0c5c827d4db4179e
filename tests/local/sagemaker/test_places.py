"""SageMaker's ARNs mean resources of their own region, account and kind, for the judge and for the operation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

ACCOUNT, NAME = "123456789012", "tests-places"
ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package-group/{NAME}"
TAGS = [{"Key": "a", "Value": "1"}]
OTHERS = {
    "region": ARN.replace("us-east-1", "eu-west-1"),
    "account": ARN.replace(ACCOUNT, "999999999999"),
    "partition": ARN.replace("arn:aws:", "arn:aws-cn:"),
    "kind": ARN.replace("model-package-group", "nonsense"),
}
OF_GROUPS = {
    "create_model_package": {},
    "list_model_packages": {},
    "describe_model_package_group": {},
    "delete_model_package_group": {},
}
OF_TAGS = {"add_tags": {"Tags": TAGS}, "list_tags": {}, "delete_tags": {"TagKeys": ["a"]}}


@pytest.fixture(scope="module")
def sagemaker(cloud: Any) -> Iterator[Any]:
    """A client, and a group with a tag and no version."""
    client = cloud.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName=NAME, Tags=TAGS)
    yield client
    client.delete_model_package_group(ModelPackageGroupName=NAME)


@pytest.mark.parametrize("called", [NAME, ARN])
def test_a_group_is_called_by_its_name_and_by_its_arn(sagemaker: Any, called: str) -> None:
    assert sagemaker.describe_model_package_group(ModelPackageGroupName=called)["ModelPackageGroupArn"] == ARN
    made = sagemaker.create_model_package(ModelPackageGroupName=called)["ModelPackageArn"]
    found = sagemaker.list_model_packages(ModelPackageGroupName=called)["ModelPackageSummaryList"]
    sagemaker.delete_model_package(ModelPackageName=made)
    assert [one["ModelPackageArn"] for one in found] == [made]


@pytest.mark.parametrize("what", OTHERS)
def test_an_arn_of_elsewhere_is_not_the_resource_of_that_name_here(sagemaker: Any, what: str) -> None:
    arn = OTHERS[what]
    words = "ARN should be scoped to correct region: us-east-1" if what == "region" else "does not exist"
    asked = [(name, {"ModelPackageGroupName": arn, **more}) for name, more in OF_GROUPS.items()]
    for name, given in [*asked, *((name, {"ResourceArn": arn, **more}) for name, more in OF_TAGS.items())]:
        if what == "kind" and name in OF_TAGS:
            words = "Could not find"
        with pytest.raises(ClientError, match=words) as refused:
            getattr(sagemaker, name)(**given)
        assert refused.value.response["Error"]["Code"] == "ValidationException", name
    assert sagemaker.list_tags(ResourceArn=ARN)["Tags"] == TAGS
    assert sagemaker.list_model_packages(ModelPackageGroupName=NAME)["ModelPackageSummaryList"] == []


def test_a_deny_of_a_group_is_not_passed_by_another_regions_arn(cloud: Any, sagemaker: Any) -> None:
    allow = {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "sagemaker:*", "Resource": ARN}
    role = cloud.role("tests-places-denied", allow, deny)
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    cloud.client("iam").update_assume_role_policy(RoleName="tests-places-denied", PolicyDocument=document)
    keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
    theirs = boto3.client(
        "sagemaker",
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    for arn in (NAME, ARN, *OTHERS.values()):
        with pytest.raises(ClientError):
            theirs.delete_model_package_group(ModelPackageGroupName=arn)
    for arn in (ARN, *OTHERS.values()):
        with pytest.raises(ClientError):
            theirs.add_tags(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    assert sagemaker.list_tags(ResourceArn=ARN)["Tags"] == TAGS


def test_a_version_has_a_group_and_a_number_and_no_name(sagemaker: Any) -> None:
    made = sagemaker.create_model_package(ModelPackageGroupName=NAME)["ModelPackageArn"]
    described = sagemaker.describe_model_package(ModelPackageName=made)
    (listed,) = sagemaker.list_model_packages(ModelPackageGroupName=NAME)["ModelPackageSummaryList"]
    sagemaker.delete_model_package(ModelPackageName=made)
    for found in (described, listed):
        assert "ModelPackageName" not in found
        assert (found["ModelPackageGroupName"], found["ModelPackageVersion"]) == (NAME, int(made.rpartition("/")[2]))
