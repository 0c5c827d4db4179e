"""S3 works as AWS documents, also where moto lacks it."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

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


# s3/gaps/too_long.py


def test_a_key_has_1024_bytes_at_most(cloud, bucket):
    s3, longest = cloud.client("s3"), "ü" * 512
    s3.put_object(Bucket=bucket, Key=longest, Body=b"1")
    assert s3.get_object(Bucket=bucket, Key=longest)["Body"].read() == b"1"
    place = {"Bucket": bucket, "Key": f"{longest}x"}
    for ask in (
        lambda: s3.put_object(**place, Body=b"1"),
        lambda: s3.create_multipart_upload(**place),
        lambda: s3.copy_object(**place, CopySource={"Bucket": bucket, "Key": longest}),
        lambda: s3.get_object(**place),
    ):
        with pytest.raises(ClientError, match=r"KeyTooLongError.*Your key is too long"):
            ask()
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_metadata_has_2_kb_at_most(cloud, bucket):
    s3, place = cloud.client("s3"), {"Bucket": bucket, "Key": "a"}
    largest, larger = {"label": "x" * 2043}, {"label": "x" * 2000, "other": "y" * 39}
    s3.put_object(**place, Body=b"1", Metadata=largest)
    for ask in (
        lambda: s3.put_object(**place, Body=b"2", Metadata=larger),
        lambda: s3.create_multipart_upload(**place, Metadata=larger),
        lambda: s3.copy_object(**place, CopySource=place, Metadata=larger, MetadataDirective="REPLACE"),
    ):
        with pytest.raises(ClientError, match="MetadataTooLarge"):
            ask()
    found = s3.get_object(**place)
    assert (found["Body"].read(), found["Metadata"]) == (b"1", largest)


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


def test_a_bucket_whose_versions_are_suspended_can_be_emptied(cloud):
    """Terraform does so: it ends versioning, and then deletes all versions and delete markers."""
    s3, bucket = cloud.client("s3"), {"Bucket": "tests-suspended"}
    s3.create_bucket(**bucket)
    s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(**bucket, Key="a", Body=b"1")
    s3.delete_object(**bucket, Key="a")
    s3.put_object(**bucket, Key="a", Body=b"2")
    s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Suspended"})
    found = s3.list_object_versions(**bucket)
    every = [*found["Versions"], *found["DeleteMarkers"]]
    gone = s3.delete_objects(
        **bucket, Delete={"Objects": [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in every]}
    )
    assert "Errors" not in gone
    s3.delete_bucket(**bucket)


def test_versions_are_listed_with_encoded_keys_as_terraform_asks_for(cloud):
    """Otherwise a plus sign would be a space to it, and it could not empty the bucket."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="odd-keys")
    s3.put_bucket_versioning(Bucket="odd-keys", VersioningConfiguration={"Status": "Enabled"})
    keys = ["1+1=2.png", "50%20off.png", "two words/ü.png"]
    for key in keys:
        s3.put_object(Bucket="odd-keys", Key=key, Body=b"x")
    s3.delete_object(Bucket="odd-keys", Key=keys[0])
    raw = []
    s3.meta.events.register("before-parse.s3.ListObjectVersions", lambda response_dict, **_: raw.append(response_dict))
    found = s3.list_object_versions(Bucket="odd-keys", EncodingType="url")
    body = raw[0]["body"].decode()
    assert "<EncodingType>url</EncodingType>" in body
    assert [key for key in re.findall("<Key>(.*?)</Key>", body) if "+" in key] == []
    assert sorted({urllib.parse.unquote_plus(key) for key in re.findall("<Key>(.*?)</Key>", body)}) == keys
    for kind in ("Versions", "DeleteMarkers"):
        for one in found[kind]:
            s3.delete_object(Bucket="odd-keys", Key=urllib.parse.unquote(one["Key"]), VersionId=one["VersionId"])
    s3.delete_bucket(Bucket="odd-keys")


# s3/gaps/conditional_writes.py


def refused(call, **given):
    """The code with which a call is refused."""
    with pytest.raises(ClientError) as error:
        call(**given)
    return error.value.response["Error"]["Code"]


def test_of_several_writers_that_expect_the_same_object_one_wins(cloud, bucket):
    """Four writers count together, and no step is lost."""
    s3, place = cloud.client("s3"), {"Bucket": bucket, "Key": "count"}

    def begin(_: int) -> bool:
        try:
            s3.put_object(**place, Body=b"0", IfNoneMatch="*")
        except ClientError:
            return False
        return True

    def step(_: int) -> None:
        while True:
            found = s3.get_object(**place)
            number = int(found["Body"].read())
            with contextlib.suppress(ClientError):
                s3.put_object(**place, Body=b"%d" % (number + 1), IfMatch=found["ETag"])
                return

    with ThreadPoolExecutor(4) as writers:
        assert sum(writers.map(begin, range(12))) == 1
        list(writers.map(step, range(40)))
    assert s3.get_object(**place)["Body"].read() == b"40"


def test_a_copy_and_an_upload_in_parts_have_conditions_too(cloud, bucket):
    s3, place = cloud.client("s3"), {"Bucket": bucket, "Key": "a"}
    s3.put_object(Bucket=bucket, Key="other", Body=b"other")
    tag = s3.put_object(**place, Body=b"1")["ETag"]
    source = {"CopySource": {"Bucket": bucket, "Key": "other"}}
    upload = place | {"UploadId": s3.create_multipart_upload(**place)["UploadId"]}
    part = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=b"2")["ETag"]}
    whole = upload | {"MultipartUpload": {"Parts": [part]}}
    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": '"0"'}):
        assert refused(s3.copy_object, **place, **source, **condition) == "PreconditionFailed"
        assert refused(s3.complete_multipart_upload, **whole, **condition) == "PreconditionFailed"
    assert refused(s3.copy_object, Bucket=bucket, Key="none", **source, IfMatch=tag) == "NoSuchKey"
    assert s3.get_object(**place)["Body"].read() == b"1"
    s3.complete_multipart_upload(**whole, IfMatch=tag)
    assert s3.get_object(**place)["Body"].read() == b"2"


# s3/plain_reads.py


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"Metadata": {"label": "bicycle"}, "ContentType": "image/png", "CacheControl": "no-store"},
        {"ChecksumAlgorithm": "SHA256", "Tagging": "a=1&b=2", "StorageClass": "STANDARD_IA"},
        {"ServerSideEncryption": "aws:kms"},
    ],
)
@pytest.mark.parametrize("versioned", [False, True])
def test_a_plain_read_has_the_answer_that_every_other_read_has(cloud, bucket, given, versioned):
    """A read that chooses a header of the answer is moto's to answer, and a plain one is not."""
    s3, place = cloud.client("s3"), {"Bucket": bucket, "Key": "über all/a+b.png"}
    if versioned:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(**place, Body=b"first", **given)
    if versioned:
        s3.put_object(**place, Body=b"second")
        place["VersionId"] = first["VersionId"]
    for mode in ({}, {"ChecksumMode": "ENABLED"}):
        plain, other = (s3.get_object(**place, **mode, **asked) for asked in ({}, {"ResponseContentLanguage": "de"}))
        assert plain["Body"].read() == other["Body"].read() == b"first"
        shown = [one["ResponseMetadata"]["HTTPHeaders"] for one in (plain, other)]
        assert shown[1].pop("content-language") == "de"
        for one in shown:
            assert len(one.pop("x-amzn-requestid")) == 52
            one.pop("date")
        assert shown[0] == shown[1]


def test_a_plain_read_of_what_is_not_there_says_so(cloud, bucket):
    s3, place = cloud.client("s3"), {"Bucket": bucket, "Key": "a"}
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(**place)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(**place, Body=b"1", StorageClass="GLACIER")
    with pytest.raises(s3.exceptions.InvalidObjectState):
        s3.get_object(**place)
    s3.delete_object(**place)
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(**place)
