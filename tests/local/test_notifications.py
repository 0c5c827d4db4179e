"""S3's notifications arrive with AWS's whole record, only where they may, and only once for each change."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from .conftest import eventually, sending_policy
from .test_events import policy, queue, received, rule  # noqa: F401 - rule is a fixture

HERE = "us-east-1:123456789012"
UNREACHABLE = "Unable to validate the following destination configurations"
numbers = itertools.count(1)


def open_policy(arn: str, action: str = "sqs:SendMessage") -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": action, "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def told(cloud):
    """A bucket, and a queue that S3 may send to: ``told(events, filters)`` returns the bucket and the queue's URL."""

    def make(*events: str, bucket: str | None = None, **filters: str) -> tuple[str, str]:
        name = f"tests-notified-{next(numbers)}"
        arn = f"arn:aws:sqs:{HERE}:{name}"
        url = cloud.client("sqs").create_queue(QueueName=name, Attributes={"Policy": open_policy(arn)})["QueueUrl"]
        cloud.client("s3").create_bucket(Bucket=name)
        one: dict[str, Any] = {"Id": "watch", "QueueArn": arn, "Events": list(events)}
        if filters:
            rules = [{"Name": key, "Value": value} for key, value in filters.items()]
            one["Filter"] = {"Key": {"FilterRules": rules}}
        configure(cloud, name, QueueConfigurations=[one])
        test = received(cloud, url)
        assert (test["Event"], test["Bucket"], test["Service"]) == ("s3:TestEvent", name, "Amazon S3")
        return name, url

    return make


def configure(cloud: Any, bucket: str, *, skip: bool = False, **given: Any) -> None:
    cloud.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=given, SkipDestinationValidation=skip
    )


def next_record(cloud: Any, url: str) -> dict[str, Any]:
    (record,) = received(cloud, url)["Records"]
    return record


def test_a_record_has_everything_that_aws_says_and_an_encoded_key(cloud, told):
    bucket, url = told("s3:ObjectCreated:*")
    put = cloud.client("s3").put_object(Bucket=bucket, Key="images/my photo+1.png", Body=b"123")
    record = next_record(cloud, url)
    sequencer = record["s3"]["object"].pop("sequencer")
    assert re.fullmatch("[0-9A-F]{18}", sequencer)
    assert record["s3"]["object"] == {
        "key": "images/my+photo%2B1.png",
        "size": 3,
        "eTag": put["ETag"].strip('"'),
    }
    assert record["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{bucket}"
    assert record["s3"]["bucket"]["ownerIdentity"]["principalId"] == record["userIdentity"]["principalId"]
    assert (record["s3"]["configurationId"], record["s3"]["s3SchemaVersion"]) == ("watch", "1.0")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["eventTime"])
    assert (record["eventName"], record["eventVersion"], record["eventSource"]) == (
        "ObjectCreated:Put",
        "2.1",
        "aws:s3",
    )
    assert record["requestParameters"] == {"sourceIPAddress": "127.0.0.1"}
    assert set(record["responseElements"]) == {"x-amz-request-id", "x-amz-id-2"}


def test_each_kind_of_change_has_its_name_and_filters_choose_keys(cloud, told):
    bucket, url = told("s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*", prefix="in/", suffix=".png")
    s3 = cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="out/a.png", Body=b"1")
    s3.put_object(Bucket=bucket, Key="in/a.txt", Body=b"1")
    s3.put_object(Bucket=bucket, Key="in/a.png", Body=b"1", Tagging="a=b")
    s3.copy_object(Bucket=bucket, Key="in/b.png", CopySource=f"{bucket}/in/a.png")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="in/c.png")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="in/c.png", UploadId=upload, PartNumber=1, Body=b"1")
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="in/c.png", UploadId=upload, MultipartUpload=parts)
    s3.put_object_tagging(Bucket=bucket, Key="in/a.png", Tagging={"TagSet": [{"Key": "c", "Value": "d"}]})
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "in/a.png"}, {"Key": "out/a.png"}]})
    found = sorted((next_record(cloud, url) for _ in range(5)), key=lambda one: one["s3"]["object"]["sequencer"])
    assert [(one["eventName"], one["s3"]["object"]["key"]) for one in found] == [
        ("ObjectCreated:Put", "in/a.png"),
        ("ObjectCreated:Copy", "in/b.png"),
        ("ObjectCreated:CompleteMultipartUpload", "in/c.png"),
        ("ObjectTagging:Put", "in/a.png"),
        ("ObjectRemoved:Delete", "in/a.png"),
    ]
    assert [one["eventVersion"] for one in found] == ["2.1", "2.1", "2.1", "2.3", "2.1"]


def test_versions_and_delete_markers_are_told_with_their_ids(cloud, told):
    bucket, url = told("s3:ObjectRemoved:*")
    s3 = cloud.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    versions = [s3.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"] for _ in range(2)]
    marker = s3.delete_object(Bucket=bucket, Key="a")["VersionId"]
    made = next_record(cloud, url)
    assert (made["eventName"], made["s3"]["object"]["versionId"]) == ("ObjectRemoved:DeleteMarkerCreated", marker)
    s3.delete_object(Bucket=bucket, Key="a", VersionId=versions[0])
    gone = next_record(cloud, url)
    assert (gone["eventName"], gone["s3"]["object"]["versionId"]) == ("ObjectRemoved:Delete", versions[0])


def test_a_user_is_named_as_the_one_who_did_it(cloud, told):
    bucket, url = told("s3:ObjectCreated:*")
    iam, allow = cloud.client("iam"), {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    user = iam.create_user(UserName="tests-notified")["User"]["UserId"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName="tests-notified", PolicyName="s3", PolicyDocument=document)
    key = iam.create_access_key(UserName="tests-notified")["AccessKey"]
    boto3.client(
        "s3",
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    ).put_object(Bucket=bucket, Key="a", Body=b"1")
    assert next_record(cloud, url)["userIdentity"] == {"principalId": f"AWS:{user}"}


def test_functions_and_topics_get_records_too(cloud, function, told):
    arn = f"arn:aws:sqs:{HERE}:tests-notified-through"
    url, _ = queue(cloud, "tests-notified-through", Policy=sending_policy(arn, "sns"))
    s3, bucket = cloud.client("s3"), "tests-notified-both"
    s3.create_bucket(Bucket=bucket)
    topic = cloud.client("sns").create_topic(Name="tests-notified")["TopicArn"]
    cloud.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=open_policy(topic, "sns:Publish")
    )
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    made = function(
        "import json, boto3\n"
        "def handler(event, context):\n"
        f"    boto3.client('sqs').send_message(QueueUrl={url!r}, MessageBody=json.dumps(event))\n"
    )
    cloud.client("lambda").add_permission(
        FunctionName=made,
        StatementId="bucket",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{bucket}",
        SourceAccount="123456789012",
    )
    configure(
        cloud,
        bucket,
        LambdaFunctionConfigurations=[{"LambdaFunctionArn": made, "Events": ["s3:ObjectCreated:Put"]}],
        TopicConfigurations=[{"TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}],
    )
    test = received(cloud, url)
    assert (test["Subject"], json.loads(test["Message"])["Event"]) == ("Amazon S3 Notification", "s3:TestEvent")
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert next_record(cloud, url)["eventName"] == "ObjectCreated:Put"
    s3.delete_object(Bucket=bucket, Key="a")
    assert json.loads(received(cloud, url)["Message"])["Records"][0]["eventName"] == "ObjectRemoved:Delete"


def test_destinations_that_s3_may_not_or_cannot_reach_are_refused_unless_not_checked(cloud, function):
    s3, bucket = cloud.client("s3"), "tests-notified-refused"
    s3.create_bucket(Bucket=bucket)
    closed = queue(cloud, "tests-notified-closed", Policy="")[1]
    fifo = f"arn:aws:sqs:{HERE}:tests-notified.fifo"
    cloud.client("sqs").create_queue(
        QueueName="tests-notified.fifo", Attributes={"FifoQueue": "true", "Policy": open_policy(fifo)}
    )
    refused = [
        {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
        for arn in (closed, fifo, f"arn:aws:sqs:{HERE}:tests-no-such-queue")
    ]
    one = {"LambdaFunctionArn": function("def handler(event, context): pass"), "Events": ["s3:ObjectCreated:*"]}
    refused.append({"LambdaFunctionConfigurations": [one]})
    for given in refused:
        with pytest.raises(ClientError, match=UNREACHABLE) as error:
            configure(cloud, bucket, **given)
        assert error.value.response["Error"]["Code"] == "InvalidArgument"
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    configure(cloud, bucket, skip=True, **refused[0])
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"][0]["QueueArn"] == closed
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ({}, {"Events": ["s3:ObjectCreated:Put"]}, "Configurations overlap"),
        ({"prefix": "a"}, {"prefix": "ab"}, "ambiguously defined"),
        ({"suffix": "jpg"}, {"prefix": "a"}, "ambiguously defined"),
        ({"suffix": "jpg"}, {"suffix": "pg"}, "ambiguously defined"),
        ({"prefix": "a"}, {"prefix": "b"}, None),
        ({"prefix": "a", "suffix": "jpg"}, {"prefix": "a", "suffix": "png"}, None),
        ({}, {"Events": ["s3:ObjectRemoved:*"]}, None),
    ],
)
def test_configurations_that_would_both_get_an_event_are_refused(cloud, one, other, words):
    bucket = "tests-notified-overlap"
    cloud.client("s3").create_bucket(Bucket=bucket)
    given = []
    for number, filters in enumerate((one, other)):
        events = filters.get("Events", ["s3:ObjectCreated:*"])
        rules = [{"Name": name, "Value": filters[name]} for name in ("prefix", "suffix") if name in filters]
        filtered = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
        given.append({"QueueArn": f"arn:aws:sqs:{HERE}:tests-{number}", "Events": events, **filtered})
    if words is None:
        configure(cloud, bucket, skip=True, QueueConfigurations=given)
        return
    topic = {"TopicArn": f"arn:aws:sns:{HERE}:tests", **{key: given[1][key] for key in given[1] if key != "QueueArn"}}
    for configurations in (
        {"QueueConfigurations": given},
        {"QueueConfigurations": given[:1], "TopicConfigurations": [topic]},
    ):
        with pytest.raises(ClientError, match=words) as refused:
            configure(cloud, bucket, skip=True, **configurations)
        assert refused.value.response["Error"]["Code"] == "InvalidArgument"


@pytest.mark.parametrize(("prefix", "suffix"), [("prefix", "suffix"), ("Prefix", "Suffix"), ("PREFIX", "suffix")])
def test_a_filter_is_written_in_either_case_and_answered_as_s3_writes_it(cloud, told, prefix, suffix):
    bucket, url = told("s3:ObjectCreated:*", **{prefix: "in/", suffix: ".png"})
    s3 = cloud.client("s3")
    answer = s3.get_bucket_notification_configuration(Bucket=bucket)
    (one,) = answer["QueueConfigurations"]
    rules = one["Filter"]["Key"]["FilterRules"]
    assert rules == [{"Name": "Prefix", "Value": "in/"}, {"Name": "Suffix", "Value": ".png"}]
    configure(cloud, bucket, QueueConfigurations=[one])  # what S3 answers can be sent back
    assert received(cloud, url)["Event"] == "s3:TestEvent"
    for key in ("in/a.txt", "out/a.png", "in/a.png"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    assert next_record(cloud, url)["s3"]["object"]["key"] == "in/a.png"


def test_an_event_of_s3_that_is_never_sent_is_refused_by_name(cloud):
    bucket = "tests-notified-never"
    cloud.client("s3").create_bucket(Bucket=bucket)
    for event in ("s3:ObjectAnnotation:*", "s3:ObjectRetention:Put"):
        one = {"QueueArn": f"arn:aws:sqs:{HERE}:tests-never", "Events": [event]}
        with pytest.raises(ClientError, match=f"NotImplemented.*with {re.escape(event)}"):
            configure(cloud, bucket, skip=True, QueueConfigurations=[one])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Events": ["s3:ObjectSeen:*"]}, "The event is not supported for notifications"),
        (
            {"Filter": {"Key": {"FilterRules": [{"Name": "middle", "Value": "a"}]}}},
            "filter rule name must be either prefix or suffix",
        ),
        (
            {"Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "a"}, {"Name": "prefix", "Value": "b"}]}}},
            "Cannot specify more than one prefix rule in a filter",
        ),
    ],
)
def test_what_a_notification_cannot_say_is_refused_in_s3s_words(cloud, given, words):
    cloud.client("s3").create_bucket(Bucket="tests-notified-wrong")
    one = {"QueueArn": f"arn:aws:sqs:{HERE}:tests-wrong", "Events": ["s3:ObjectCreated:*"], **given}
    with pytest.raises(ClientError, match=words) as refused:
        configure(cloud, "tests-notified-wrong", skip=True, QueueConfigurations=[one])
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"


def test_a_target_that_vanishes_hurts_neither_the_writer_nor_the_other_targets(cloud, told, rule):  # noqa: F811
    bucket, url = told("s3:ObjectCreated:*")
    configure(
        cloud,
        bucket,
        skip=True,
        EventBridgeConfiguration={},
        QueueConfigurations=[{"QueueArn": f"arn:aws:sqs:{HERE}:tests-vanished", "Events": ["s3:ObjectCreated:*"]}],
    )
    cloud.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": policy("sqs:SendMessage", f"arn:aws:sqs:{HERE}:{bucket}")}
    )
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    rule("tests-vanished", pattern, {"Arn": f"arn:aws:sqs:{HERE}:{bucket}"})
    cloud.client("s3").put_object(Bucket=bucket, Key="a b", Body=b"1")
    event = eventually(lambda: received(cloud, url))
    assert (event["detail-type"], event["detail"]["object"]["key"]) == ("Object Created", "a b")
