"""Every operation of AWS's models is sent to a local cloud once, and the answer is what the table says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud import control, fidelity
from localcloud.services import registered
from scones.delivery.checks.calls import constraints, good, sending

#: Operations whose requests cannot be told from another operation's: directory buckets are asked of another host.
OF_DIRECTORY_BUCKETS = {
    ("s3", "ListDirectoryBuckets"),
    ("s3control", "DeleteAccessPointScope"),
    ("s3control", "GetAccessPointScope"),
    ("s3control", "ListAccessPointsForDirectoryBuckets"),
    ("s3control", "PutAccessPointScope"),
}
TRUST = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
NOTHING = "the local cloud does not support {}:{}"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[control.Cloud]:
    """A local cloud that no other test uses: every operation of AWS leaves its traces there."""
    state = tmp_path_factory.mktemp("fidelity") / "local"
    yield control.up(state, port=0, tethered=True)
    control.down(state)


def client_of(cloud: control.Cloud, service: str, **keys: str) -> Any:
    root = {"aws_access_key_id": cloud.access_key_id, "aws_secret_access_key": cloud.secret_access_key}
    client = boto3.client(
        service, region_name="us-east-1", endpoint_url=cloud.endpoint, config=sending.AS_IT_IS, **(keys or root)
    )
    sending.prepare(client)
    return client


#: These have nearly half of all operations.
LARGE = ("ec2", "iam")


@pytest.mark.slow
@pytest.mark.parametrize(
    "service", [pytest.param(one, marks=pytest.mark.nightly if one in LARGE else ()) for one in fidelity.TABLE]
)
def test_every_operation_is_done_or_refused_by_name(bare: control.Cloud, service: str) -> None:
    """No answer is a failure, a page, or the answer of another operation. What the table has, the cloud has."""
    client, wrong = client_of(bare, service), []
    for name, kind in fidelity.operations(service).items():
        if (service, name) in OF_DIRECTORY_BUCKETS:
            continue
        operation = client.meta.service_model.operation_model(name)
        found = sending.sent(client, operation, good.request(operation))
        lacking = found.code == "NotImplemented" and found.message == NOTHING.format(service, name)
        if found.unsent or found.status >= 500 or lacking != (kind == "refused"):
            wrong.append((name, kind, found))
        elif operation.http["method"] != "HEAD" and found.code is not None and not found.code[:1].isupper():
            wrong.append((name, "an error without a code of AWS's", found))
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("service", ["ec2", "events", "kms", "s3", "sns", "sqs", "sts"])
def test_a_request_that_breaks_a_constraint_of_the_model_is_refused_as_on_aws(
    bare: control.Cloud, service: str
) -> None:
    """A service of each protocol and form of errors. ``invoke checks.constraints`` measures all of them."""
    found = constraints.measure(client_of(bare, service), service)
    assert found.tried > 40
    assert len(found.rest) * 100 <= found.tried * 5, found.rest


def test_an_error_of_a_constraint_has_the_services_own_code(bare: control.Cloud) -> None:
    for service, method, given, code, words in (
        ("kms", "create_key", {"KeyUsage": "NONE"}, "ValidationException", "Value 'NONE' at 'keyUsage' failed"),
        ("logs", "put_retention_policy", {"logGroupName": "a"}, "InvalidParameterException", "at 'retentionInDays'"),
        ("iam", "get_role", {}, "ValidationError", "Value null at 'roleName' failed"),
        ("ec2", "delete_vpc", {}, "MissingParameter", "must contain the parameter vpcId"),
        ("sqs", "send_message", {"MessageBody": "a"}, "MissingParameter", "must contain the parameter QueueUrl."),
        ("s3", "put_object", {"Bucket": "none", "Key": "a", "StorageClass": "X"}, "InvalidStorageClass", "not valid"),
        (
            "s3",
            "create_bucket",
            {"Bucket": "none", "CreateBucketConfiguration": {"LocationConstraint": "mars-1"}},
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
        ),
        (
            "sns",
            "publish",
            {"TopicArn": "arn:aws:sns:us-east-1:123456789012:a", "Message": "a", "MessageAttributes": {"a": {}}},
            "ValidationError",
            "Value null at 'messageAttributes.a.member.dataType' failed",
        ),
        (
            "kms",
            "generate_random",
            {"NumberOfBytes": 1, "Recipient": {"AttestationDocument": b""}},
            "ValidationException",
            "at 'recipient.attestationDocument' failed to satisfy constraint: Member must have length greater than",
        ),
    ):
        with pytest.raises(ClientError) as refused:
            getattr(client_of(bare, service), method)(**given)
        error = refused.value.response["Error"]
        assert (error["Code"], words in error["Message"]) == (code, True), error


def elsewhere() -> list[str]:
    """The services of boto3 that the local cloud does not have."""
    return [name for name in boto3.session.Session().get_available_services() if name not in fidelity.TABLE]


def refused_by_name(cloud: control.Cloud, service: str, operations: int | None = None) -> list[Any]:
    """The operations of a service that are answered otherwise than with ``NotImplemented`` and their name."""
    client, wrong = client_of(cloud, service), []
    for name in client.meta.service_model.operation_names[:operations]:
        operation = client.meta.service_model.operation_model(name)
        found = sending.sent(client, operation, good.request(operation))
        if (found.code, found.message) != ("NotImplemented", NOTHING.format(service, name)):
            wrong.append((service, name, found))
    return wrong


@pytest.mark.slow
def test_every_other_service_is_refused_by_name(bare: control.Cloud) -> None:
    """An operation of each fortieth service, and of those that share the name in their signature with others."""
    services = {*elsewhere()[::40], "pipes", "dynamodb", "eventbridgev2", "sagemaker-featurestore-runtime", "elbv2"}
    assert [one for name in sorted(services) for one in refused_by_name(bare, name, 1)] == []


def test_what_is_refused_is_refused_whoever_asks_and_changes_nothing(bare: control.Cloud) -> None:
    iam = client_of(bare, "iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    role = iam.create_role(RoleName="nobody", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    keys = client_of(bare, "sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    no_rights = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    for client in (client_of(bare, "s3"), client_of(bare, "s3", **no_rights)):
        with pytest.raises(ClientError, match=r"NotImplemented.*does not support s3:PutBucketWebsite$"):
            client.put_bucket_website(Bucket="none", WebsiteConfiguration={"IndexDocument": {"Suffix": "i.html"}})
    wrong_secret = {"aws_access_key_id": bare.access_key_id, "aws_secret_access_key": "wrong"}
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client_of(bare, "s3", **wrong_secret).put_bucket_website(Bucket="none", WebsiteConfiguration={})


PARTS = {
    "a text message": ("sns", "publish", {"PhoneNumber": "+15550100", "Message": "hello"}, "PhoneNumber"),
    "a subscription of a phone": (
        "sns",
        "subscribe",
        {"TopicArn": "arn:aws:sns:us-east-1:123456789012:none", "Protocol": "sms", "Endpoint": "+15550100"},
        "Protocol 'sms'",
    ),
    "an alarm that stops an instance": (
        "cloudwatch",
        "put_metric_alarm",
        {
            "AlarmName": "a",
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"],
        },
        "AlarmActions 'arn:aws:automate:us-east-1:ec2:stop'",
    ),
    "a function of an image": (
        "lambda",
        "create_function",
        {"FunctionName": "a", "Role": "arn:aws:iam::123456789012:role/a", "Code": {}, "PackageType": "Image"},
        "PackageType 'Image'",
    ),
    "a function of another language": (
        "lambda",
        "create_function",
        {
            "FunctionName": "a",
            "Role": "arn:aws:iam::123456789012:role/a",
            "Code": {"ZipFile": b"a"},
            "Handler": "index.handler",
            "Runtime": "nodejs24.x",
        },
        "Runtime 'nodejs24.x'",
    ),
    "an inference pipeline": (
        "sagemaker",
        "create_model",
        {"ModelName": "a", "Containers": [{"Image": "a"}, {"Image": "b"}]},
        "2 Containers",
    ),
    "a warm pool": (
        "sagemaker",
        "create_training_job",
        {
            "TrainingJobName": "a",
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "RoleArn": "arn:aws:iam::123456789012:role/a",
            "OutputDataConfig": {"S3OutputPath": "s3://a"},
            "ResourceConfig": {"KeepAlivePeriodInSeconds": 600},
        },
        "ResourceConfig.KeepAlivePeriodInSeconds 600",
    ),
    "a dry run": ("kms", "revoke_grant", {"KeyId": "a", "GrantId": "a", "DryRun": True}, "DryRun True"),
    "a public object": ("s3", "put_object", {"Bucket": "none", "Key": "a", "ACL": "public-read"}, "ACL 'public-read'"),
    "scaling of a table": (
        "application-autoscaling",
        "register_scalable_target",
        {
            "ServiceNamespace": "dynamodb",
            "ResourceId": "table/a",
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
        },
        "ServiceNamespace 'dynamodb'",
    ),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_nothing_acts_on_is_refused_by_name(bare: control.Cloud, part: str) -> None:
    service, method, given, what = PARTS[part]
    with pytest.raises(ClientError) as refused:
        getattr(client_of(bare, service), method)(**given)
    error = refused.value.response["Error"]
    assert error["Code"] == "NotImplemented"
    assert error["Message"].endswith(f" with {what}")


def test_the_table_names_operations_of_aws_once() -> None:
    for service, known in fidelity.TABLE.items():
        texts = [known.executed, *known.configuration, *known.stored]
        names = [name for text in texts for name in text.split()]
        assert len(names) == len(set(names)), service
        assert set(names) <= set(fidelity.operations(service)), service
    for part in fidelity.PARTS:
        assert {fidelity.kind_of(part.service, name) for name in part.operations.split()} <= {
            "executed",
            "configuration",
        }, part


def test_every_service_whose_permissions_are_judged_is_in_the_table() -> None:
    """A service that roles may use pretends nothing."""
    assert {name.replace("-", "") for name in fidelity.TABLE} == set(registered().tables)


def test_the_documentation_is_the_table() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "fidelity.md").read_text()
    for service in fidelity.TABLE:
        assert f"## {service}\n" in text
    assert "`CreateProcessingJob`" in text.partition("## sagemaker\n")[2].partition("refused</summary>")[2]
