"""A service that acts as itself needs the permission of the topic's, the key's or the bucket's policy."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import eventually, sending_policy

HERE = "us-east-1:123456789012"
LOGS = "arn:aws:s3:::tests-deliveries"
numbers = itertools.count(1)
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [LOGS, f"{LOGS}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def let(service: str, *actions: str, resource: str = "*", **conditions: Any) -> dict[str, Any]:
    more = {"Condition": conditions} if conditions else {}
    principal = {"Service": f"{service}.amazonaws.com"}
    return {"Effect": "Allow", "Principal": principal, "Action": list(actions), "Resource": resource, **more}


PUBLISH = let("cloudwatch", "sns:Publish", StringEquals={"aws:SourceAccount": "123456789012"})


@pytest.fixture
def topic(cloud: Any) -> Iterator[Callable[..., tuple[str, str]]]:
    """Makes a topic, with an optional policy, and a queue that is subscribed to it."""
    sns, sqs = cloud.client("sns"), cloud.client("sqs")

    def make(*statements: dict[str, Any], **attributes: str) -> tuple[str, str]:
        name = f"tests-own-names-{next(numbers)}"
        given = {**attributes, **({"Policy": document(*statements)} if statements else {})}
        arn = sns.create_topic(Name=name, Attributes=given)["TopicArn"]
        endpoint = f"arn:aws:sqs:{HERE}:{name}"
        queue = sqs.create_queue(QueueName=name, Attributes={"Policy": sending_policy(endpoint, "sns")})["QueueUrl"]
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=endpoint)
        return arn, queue

    return make


@pytest.fixture
def key(cloud: Any) -> Callable[..., str]:
    """Makes a key. Its policy lets the account's IAM policies decide, and adds the given statements."""
    account = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "kms:*", "Resource": "*"}

    def make(*statements: dict[str, Any]) -> str:
        return cloud.client("kms").create_key(Policy=document(account, *statements))["KeyMetadata"]["Arn"]

    return make


@pytest.fixture
def told(cloud: Any) -> Callable[[str, str], bool]:
    """Whether an alarm notifies the topic. A second topic, which allows it, shows when the alarm has gone off."""
    cloudwatch, sqs, sns = cloud.client("cloudwatch"), cloud.client("sqs"), cloud.client("sns")

    def go_off(topic: str, queue: str) -> bool:
        name = f"tests-own-names-{next(numbers)}"
        witness = sns.create_topic(Name=f"{name}-witness")["TopicArn"]
        endpoint = f"arn:aws:sqs:{HERE}:{name}-witness"
        heard = sqs.create_queue(QueueName=f"{name}-witness", Attributes={"Policy": sending_policy(endpoint, "sns")})[
            "QueueUrl"
        ]
        sns.subscribe(TopicArn=witness, Protocol="sqs", Endpoint=endpoint)
        rule = {"Namespace": "Tests", "MetricName": name, "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
        rule |= {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0, "TreatMissingData": "ignore"}
        cloudwatch.put_metric_alarm(AlarmName=name, AlarmActions=[topic, witness], **rule)
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="to see it told")
        eventually(lambda: sqs.receive_message(QueueUrl=heard).get("Messages"))
        cloudwatch.delete_alarms(AlarmNames=[name])
        return bool(sqs.receive_message(QueueUrl=queue).get("Messages"))

    return go_off


def test_an_alarm_tells_a_topic_whose_policy_lets_cloudwatch_publish(topic, told):
    assert told(*topic(PUBLISH))
    assert told(*topic())  # SNS's default policy allows the account's own resources
    assert not told(*topic(let("budgets", "sns:Publish")))
    assert not told(*topic(let("cloudwatch", "sns:Publish", StringEquals={"aws:SourceAccount": "210987654321"})))


def test_an_encrypted_topic_is_told_only_where_its_key_lets_cloudwatch_use_it(cloud, topic, key, told):
    both = let("cloudwatch", "kms:Decrypt", "kms:GenerateDataKey*")
    assert told(*topic(PUBLISH, KmsMasterKeyId=key(both)))
    for lacking in ((), (let("cloudwatch", "kms:Decrypt"),), (let("cloudwatch", "kms:GenerateDataKey"),)):
        assert not told(*topic(PUBLISH, KmsMasterKeyId=key(*lacking)))
    assert not told(*topic(PUBLISH, KmsMasterKeyId="alias/aws/sns"))
    named = f"alias/tests-{next(numbers)}"
    cloud.client("kms").create_alias(AliasName=named, TargetKeyId=key(both))
    assert told(*topic(PUBLISH, KmsMasterKeyId=named))


def of_group(name: str) -> dict[str, Any]:
    arn = f"arn:aws:logs:{HERE}:log-group:{name}"
    return let("logs.us-east-1", "kms:GenerateDataKey*", ArnLike={"kms:EncryptionContext:aws:logs:arn": arn})


def test_a_log_group_has_a_key_only_where_the_key_lets_the_log_service_encrypt_for_it(cloud, key):
    logs = cloud.client("logs")
    ours = key(of_group("/tests/ours-*"))
    logs.create_log_group(logGroupName="/tests/ours-1", kmsKeyId=ours)
    for name, given in (("/tests/theirs", ours), ("/tests/ours-2", key())):
        with pytest.raises(ClientError, match="AccessDeniedException.*does not exist or is not allowed.*" + name):
            logs.create_log_group(logGroupName=name, kmsKeyId=given)
    assert [one["logGroupName"] for one in logs.describe_log_groups(logGroupNamePrefix="/tests/ours")["logGroups"]] == [
        "/tests/ours-1"
    ]
    logs.create_log_group(logGroupName="/tests/theirs")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        logs.associate_kms_key(logGroupName="/tests/theirs", kmsKeyId=ours)


def test_events_are_lost_once_the_key_does_not_let_the_log_service_encrypt_them(cloud, key):
    logs, group = cloud.client("logs"), "/tests/encrypted"
    arn = key(of_group(group))
    logs.create_log_group(logGroupName=group, kmsKeyId=arn)
    logs.create_log_stream(logGroupName=group, logStreamName="one")

    def write(message: str) -> list[str]:
        event = {"timestamp": int(time.time() * 1000), "message": message}
        logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=[event])
        found = logs.get_log_events(logGroupName=group, logStreamName="one")["events"]
        return [one["message"] for one in found]

    assert write("first") == ["first"]
    cloud.client("kms").put_key_policy(KeyId=arn, PolicyName="default", Policy=document(of_group("/tests/other")))
    assert write("second") == ["first"]
    cloud.client("kms").put_key_policy(KeyId=arn, PolicyName="default", Policy=document(of_group(group)))
    assert write("third") == ["first", "third"]


@pytest.fixture
def policy(cloud: Any) -> Iterator[Callable[..., None]]:
    """Sets the policy of a bucket for logs. At first it allows nothing. A second bucket may send its logs there."""
    s3 = cloud.client("s3")
    for name in ("tests-deliveries", "tests-delivered-from"):
        s3.create_bucket(Bucket=name)

    def put(*statements: dict[str, Any]) -> None:
        s3.put_bucket_policy(Bucket="tests-deliveries", Policy=document(TLS_ONLY, *statements))

    put()
    yield put
    s3.put_bucket_logging(Bucket="tests-delivered-from", BucketLoggingStatus={})
    s3.delete_bucket(Bucket="tests-delivered-from")
    for one in s3.list_objects_v2(Bucket="tests-deliveries").get("Contents", []):
        s3.delete_object(Bucket="tests-deliveries", Key=one["Key"])
    s3.delete_bucket(Bucket="tests-deliveries")


def test_a_bucket_logs_to_one_whose_policy_lets_the_logging_service_write_under_the_prefix(cloud, policy):
    s3 = cloud.client("s3")
    logging = {"LoggingEnabled": {"TargetBucket": "tests-deliveries", "TargetPrefix": "access/from/"}}
    folder = {"resource": f"{LOGS}/access/*"}
    for refusing in (
        let("logging.s3", "s3:PutObject", resource=f"{LOGS}/flow/*"),
        let("delivery.logs", "s3:PutObject", **folder),
        let("logging.s3", "s3:PutObject", **folder, StringEquals={"aws:SourceAccount": "210987654321"}),
    ):
        policy(refusing)
        with pytest.raises(ClientError, match="InvalidTargetBucketForLogging"):
            s3.put_bucket_logging(Bucket="tests-delivered-from", BucketLoggingStatus=logging)
    source = {"aws:SourceArn": "arn:aws:s3:::tests-delivered-from"}
    ours = {"aws:SourceAccount": "123456789012"}
    policy(let("logging.s3", "s3:PutObject", **folder, StringEquals=ours, ArnEquals=source))
    s3.put_bucket_logging(Bucket="tests-delivered-from", BucketLoggingStatus=logging)
    found = s3.get_bucket_logging(Bucket="tests-delivered-from")["LoggingEnabled"]
    assert found["TargetBucket"] == "tests-deliveries"


def test_a_flow_log_goes_to_a_bucket_whose_policy_lets_it_be_delivered(cloud, policy):
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/24")["Vpc"]["VpcId"]
    given = {"ResourceIds": [vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3"}
    given["LogDestination"] = f"{LOGS}/flow/"
    of_ours = {"ArnLike": {"aws:SourceArn": f"arn:aws:logs:{HERE}:*"}}
    look = let("delivery.logs", "s3:GetBucketAcl", resource=LOGS, **of_ours)
    write = let(
        "delivery.logs",
        "s3:PutObject",
        resource=f"{LOGS}/flow/AWSLogs/123456789012/*",
        StringEquals={"s3:x-amz-acl": "bucket-owner-full-control"},
        **of_ours,
    )
    for lacking in ((), (look,), (write,)):
        policy(*lacking)
        answer = ec2.create_flow_logs(**given)
        assert answer["FlowLogIds"] == []
        assert "Access Denied for LogDestination: tests-deliveries" in answer["Unsuccessful"][0]["Error"]["Message"]
    assert not ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc]}])["FlowLogs"]
    policy(look, write)
    answer = ec2.create_flow_logs(**given)
    assert not answer["Unsuccessful"]
    ec2.delete_flow_logs(FlowLogIds=answer["FlowLogIds"])
    ec2.delete_vpc(VpcId=vpc)
