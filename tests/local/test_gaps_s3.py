"""S3 works as AWS documents, also where moto lacks it."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


def policy(bucket: str, *statements: dict) -> str:
    whole = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Principal": "*", "Resource": whole, **one} for one in statements]}
    )


@pytest.fixture
def bucket(cloud, request):
    name = f"tests-{abs(hash(request.node.name))}"[:40]
    cloud.client("s3").create_bucket(Bucket=name)
    return name


def test_a_policy_that_denies_plain_http_lets_everyone_in_over_tls(cloud, bucket):
    """The local cloud treats every request as sent over TLS."""
    s3 = cloud.client("s3")
    deny = {"Effect": "Deny", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, deny))
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert s3.head_object(Bucket=bucket, Key="a")["ContentLength"] == 1


def test_a_deny_whose_condition_is_met_denies(cloud, bucket):
    s3 = cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    deny = {"Effect": "Deny", "Action": "s3:GetObject", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, deny))
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=bucket, Key="a")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    s3.delete_bucket_policy(Bucket=bucket)


# s3/gaps/notification_answers.py


def test_a_bucket_says_that_its_events_go_to_eventbridge(cloud, bucket):
    s3 = cloud.client("s3")
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["EventBridgeConfiguration"] == {}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=bucket)


# object_answers


def test_an_objects_answers_name_its_encryption_and_its_checksum(cloud, bucket):
    s3 = cloud.client("s3")
    put = s3.put_object(Bucket=bucket, Key="plain", Body=b"1", ChecksumAlgorithm="CRC32")
    assert (put["ServerSideEncryption"], put["ChecksumType"]) == ("AES256", "FULL_OBJECT")
    got = s3.get_object(Bucket=bucket, Key="plain", ChecksumMode="ENABLED")
    assert (got["ServerSideEncryption"], got["ChecksumType"]) == ("AES256", "FULL_OBJECT")
    s3.put_object(Bucket=bucket, Key="secret", Body=b"1", ServerSideEncryption="aws:kms")
    assert s3.get_object(Bucket=bucket, Key="secret")["ServerSideEncryption"] == "aws:kms"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ContentMD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, "BadDigest"),
        ({"ContentMD5": "none"}, "InvalidDigest"),
        ({"ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
        ({"ChecksumSHA256": "none"}, "InvalidRequest"),
    ],
)
def test_an_object_that_is_not_what_its_checksum_says_is_not_stored(cloud, given, code):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="tests-checksums")
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket="tests-checksums", Key="a", Body=b"b", **given)
    assert refused.value.response["Error"]["Code"] == code
    assert not s3.list_objects_v2(Bucket="tests-checksums").get("Contents")
