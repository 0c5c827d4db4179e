"""Condition keys of sessions, tags and objects, as policies of AWS's own use them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud import control

ACCOUNT = "123456789012"
TRUST = {
    "Effect": "Allow",
    "Principal": {"AWS": ACCOUNT},
    "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
}
READ = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"}


@pytest.fixture
def trusting(cloud: Any) -> Iterator[Callable[..., str]]:
    """Makes a role that the account may assume, with these statements and managed policies."""
    iam, made = cloud.client("iam"), []

    def make(*statements: dict[str, Any], managed: tuple[str, ...] = (), **options: Any) -> str:
        name = f"tests-{uuid.uuid4().hex[:8]}"
        document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **options)["Role"]["Arn"]
        made.append((name, managed))
        if statements:
            text = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=text)
        for policy in managed:
            iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        return arn

    yield make
    for name, managed in made:
        for policy in managed:
            iam.detach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")


@pytest.fixture
def acting(cloud: Any) -> Callable[..., Any]:
    """A client with a session of a role: ``acting("s3", role, Tags=[…])``; ``by`` is who assumes it."""

    def make(service: str, role: str, *, by: Any = None, **options: Any) -> Any:
        sts = by or cloud.client("sts")
        keys = sts.assume_role(RoleArn=role, RoleSessionName="me", **options)["Credentials"]
        return boto3.client(
            service,
            endpoint_url=cloud.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    return make


@pytest.fixture(scope="module")
def bucket(cloud: Any) -> str:
    s3, name = cloud.client("s3"), "tests-conditions"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="plain", Body=b"1")
    s3.put_object(Bucket=name, Key="tagged", Body=b"1", Tagging="SageMaker=true")
    return name


def code(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


def test_an_execution_role_of_the_consoles_reads_any_object_and_its_own_policy_only_tagged_ones(
    bucket: str, trusting: Callable[..., str], acting: Callable[..., Any]
) -> None:
    both = acting("s3", trusting(managed=("AmazonS3FullAccess", "AmazonSageMakerFullAccess")))
    assert both.get_object(Bucket=bucket, Key="plain")["Body"].read() == b"1"
    assert both.head_object(Bucket=bucket, Key="plain")["ContentLength"] == 1
    alone = acting("s3", trusting(managed=("AmazonSageMakerFullAccess",)))
    assert alone.head_object(Bucket=bucket, Key="tagged")["ContentLength"] == 1
    assert code(lambda: alone.get_object(Bucket=bucket, Key="plain")) == "AccessDenied"


def test_a_head_that_is_refused_leaves_its_reason_in_the_log(
    cloud: Any, bucket: str, trusting: Callable[..., str], acting: Callable[..., Any]
) -> None:
    role = trusting({**READ, "Resource": f"arn:aws:s3:::{bucket}/plain"})
    assert code(lambda: acting("s3", role).head_object(Bucket=bucket, Key="tagged")) == "403"
    logged = (cloud.state / control.LOG).read_text()
    assert f"is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::{bucket}/tagged because" in logged


def test_tags_of_an_upload_and_the_headers_of_a_request_are_condition_keys(
    bucket: str, trusting: Callable[..., str], acting: Callable[..., Any]
) -> None:
    conditions = {
        "StringEquals": {"s3:RequestObjectTag/team": "ml", "s3:x-amz-storage-class": "STANDARD_IA"},
        "StringLike": {"aws:UserAgent": "*Boto3*"},
    }
    tagging = {"Effect": "Allow", "Action": "s3:PutObjectTagging", "Resource": "*"}
    s3 = acting("s3", trusting({**READ, "Condition": conditions}, tagging))
    right: dict[str, Any] = {"Tagging": "team=ml", "StorageClass": "STANDARD_IA"}
    assert s3.put_object(Bucket=bucket, Key="up", Body=b"1", **right)
    for changed in ({"Tagging": "team=ops"}, {"StorageClass": "STANDARD"}):
        given = {**right, **changed}
        assert code(lambda given=given: s3.put_object(Bucket=bucket, Key="up", Body=b"1", **given)) == "AccessDenied"


def test_a_sessions_tags_and_source_identity_are_condition_keys_and_go_on_to_the_next_session(
    bucket: str, trusting: Callable[..., str], acting: Callable[..., Any]
) -> None:
    own = {**READ, "Resource": f"arn:aws:s3:::{bucket}/${{aws:PrincipalTag/area}}"}
    named = {**own, "Condition": {"StringEquals": {"aws:SourceIdentity": "ada"}}}
    role = trusting(named, Tags=[{"Key": "area", "Value": "nowhere"}])
    first = trusting({"Effect": "Allow", "Action": "sts:*", "Resource": "*"})
    tags = {"Tags": [{"Key": "area", "Value": "plain"}], "SourceIdentity": "ada"}
    assert acting("s3", role, **tags).get_object(Bucket=bucket, Key="plain")
    assert code(lambda: acting("s3", role).get_object(Bucket=bucket, Key="plain")) == "AccessDenied"
    # A transitive tag goes on through another session; its holder cannot set another one.
    handing = acting("sts", first, **tags, TransitiveTagKeys=["area"])
    assert acting("s3", role, by=handing).get_object(Bucket=bucket, Key="plain")
    other = {"Tags": [{"Key": "Area", "Value": "tagged"}]}
    assert code(lambda: acting("s3", role, by=handing, **other)) == "InvalidParameterValue"


def test_a_resources_tags_are_condition_keys_of_every_service(
    cloud: Any, trusting: Callable[..., str], acting: Callable[..., Any]
) -> None:
    cloud.client("logs").create_log_group(logGroupName="/tests/conditions", tags={"team": "ml"})
    cloud.client("logs").create_log_group(logGroupName="/tests/conditions-other")
    queues = {
        name: cloud.client("sqs").create_queue(QueueName=name, tags=tags)["QueueUrl"]
        for name, tags in (("tests-conditions", {"team": "ml"}), ("tests-conditions-other", {"team": "ops"}))
    }
    group = cloud.client("sagemaker").create_model_package_group(
        ModelPackageGroupName="tests-conditions", Tags=[{"Key": "team", "Value": "ml"}]
    )["ModelPackageGroupArn"]
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName="tests-conditions-other")
    tagged = {"StringEquals": {"aws:ResourceTag/team": "ml"}}
    role = trusting({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": tagged})
    logs, sqs, sagemaker, iam = (acting(service, role) for service in ("logs", "sqs", "sagemaker", "iam"))
    assert "logStreams" in logs.describe_log_streams(logGroupName="/tests/conditions")
    assert code(lambda: logs.describe_log_streams(logGroupName="/tests/conditions-other")) == "AccessDeniedException"
    assert sqs.send_message(QueueUrl=queues["tests-conditions"], MessageBody="a")
    with pytest.raises(ClientError, match="AccessDenied"):
        sqs.send_message(QueueUrl=queues["tests-conditions-other"], MessageBody="a")
    found = sagemaker.describe_model_package_group(ModelPackageGroupName="tests-conditions")
    assert found["ModelPackageGroupArn"] == group
    with pytest.raises(ClientError, match="AccessDenied"):
        sagemaker.describe_model_package_group(ModelPackageGroupName="tests-conditions-other")
    name = role.rpartition("/")[2]
    assert code(lambda: iam.get_role(RoleName=name)) == "AccessDenied"
    cloud.client("iam").tag_role(RoleName=name, Tags=[{"Key": "team", "Value": "ml"}])
    assert iam.get_role(RoleName=name)["Role"]["Arn"] == role


def test_a_queue_of_another_account_is_not_this_one(
    cloud: Any, trusting: Callable[..., str], acting: Callable[..., Any]
) -> None:
    url = cloud.client("sqs").create_queue(QueueName="tests-theirs")["QueueUrl"]
    sqs = acting("sqs", trusting({"Effect": "Allow", "Action": "*", "Resource": "*"}))
    assert sqs.send_message(QueueUrl=url, MessageBody="a")
    with pytest.raises(ClientError, match="because no resource-based policy allows the sqs:SendMessage action"):
        sqs.send_message(QueueUrl=url.replace(ACCOUNT, "999999999999"), MessageBody="a")
