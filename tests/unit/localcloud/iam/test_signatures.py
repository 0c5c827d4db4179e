"""Signatures are verified as AWS does: AWS's published examples and botocore's signatures are accepted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from localcloud.iam.signatures import BadSignature, claimed, verify

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
S3_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def environ_of(method: str, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """The WSGI environment of a request."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    found = {"REQUEST_METHOD": method, "RAW_URI": target, "QUERY_STRING": parts.query, "HTTP_HOST": parts.netloc}
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        found[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return found


def problem(
    environ: Mapping[str, Any], body: bytes = b"", secret: str = SECRET, now: datetime | None = None
) -> str | None:
    """The reason why a request is refused, or None."""
    try:
        claim = claimed(environ)
        assert claim is not None
        verify(claim, environ, body, secret, now or datetime.now(UTC))
    except BadSignature as bad:
        return bad.problem
    return None


def test_the_example_of_awss_own_test_suite():
    """AWS Signature Version 4 test suite, get-vanilla."""
    environ = environ_of(
        "GET",
        "https://example.amazonaws.com/",
        {
            "X-Amz-Date": "20150830T123600Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        },
    )
    assert problem(environ, now=datetime(2015, 8, 30, 12, 36, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        (
            {
                "Range": "bytes=0-9",
                "X-Amz-Content-Sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "X-Amz-Date": "20130524T000000Z",
                "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            },
            "https://examplebucket.s3.amazonaws.com/test.txt",
        ),
        (
            {},
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        ),
    ],
)
def test_the_examples_of_s3s_api_reference(headers, url):
    """Amazon S3 API Reference, "Authenticating Requests": Authorization header, and query parameters."""
    then = datetime(2013, 5, 24, 0, 0, 1, tzinfo=UTC)
    environ = environ_of("GET", url, headers)
    assert problem(environ, secret=S3_SECRET, now=then) is None
    assert problem(environ, secret=SECRET, now=then) == "mismatch"


SIGNED = {
    "a path with all that is escaped": ("s3", "GET", "http://127.0.0.1/bucket/a%20b%2Bc/%C3%A4~%281%29%27.png", b""),
    "a key with an empty and a dotted part": ("s3", "PUT", "http://127.0.0.1:5566/bucket//a/../b", b"x"),
    "a query out of order": ("s3", "GET", "http://127.0.0.1:5566/bucket?prefix=b%2Fc&list-type=2&delimiter", b""),
    "an ARN in the path": ("lambda", "GET", "http://127.0.0.1:5566/2015-03-31/functions/arn%3Aaws%3Alambda/", b""),
    "a body": ("sagemaker", "POST", "http://127.0.0.1:5566/", b'{"A": 1}'),
}


@pytest.mark.parametrize("name", SIGNED)
def test_what_botocore_signs_is_right_and_anything_changed_is_not(name):
    service, method, url, body = SIGNED[name]
    sign = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials("AKIA", SECRET, "token"), service, "eu-west-1")
    request = AWSRequest(method, url, data=body, headers={"X-Amz-Meta-Word": "two  spaces", "Content-Type": "a/b"})
    sign.add_auth(request)
    environ = environ_of(method, url, request.headers)
    assert problem(environ, body) is None
    assert problem(environ, body, secret="another") == "mismatch"
    assert problem({**environ, "REQUEST_METHOD": "DELETE"}, body) == "mismatch"
    assert problem({**environ, "RAW_URI": environ["RAW_URI"].replace("/", "/x", 1)}, body) == "mismatch"
    assert problem({**environ, "HTTP_X_AMZ_META_WORD": "others"}, body) == "mismatch"
    assert problem(environ, b"another body") == ("payload" if service == "s3" else "mismatch")
    assert problem(environ, body, now=datetime.now(UTC) + timedelta(minutes=16)) == "skewed"
    assert problem(environ, body, now=datetime.now(UTC) - timedelta(minutes=16)) == "skewed"


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_presigned_url_is_good_for_its_time_and_its_object(version):
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:5566",
        aws_access_key_id="AKIA",
        aws_secret_access_key=SECRET,
        aws_session_token="a/token+1",
        config=Config(signature_version=version),
    )
    given = {"Bucket": "bucket", "Key": "a b.png", "ResponseContentType": "image/png"}
    url = s3.generate_presigned_url("get_object", Params=given, ExpiresIn=60)
    environ = environ_of("GET", url, {})
    assert claimed(environ).token == "a/token+1"
    assert problem(environ) is None
    assert problem(environ, secret="another") == "mismatch"
    assert problem(environ, now=datetime.now(UTC) + timedelta(seconds=90)) == "expired"
    assert problem(environ_of("GET", url.replace("a%20b", "a%20c"), {})) == "mismatch"
    assert problem(environ_of("DELETE", url, {})) == "mismatch"


@pytest.mark.parametrize("header", ["x-amz-copy-source", "x-amz-acl", "x-amz-meta-a"])
@pytest.mark.parametrize("presigned", [True, False])
def test_a_header_that_would_act_must_be_signed(header, presigned):
    """Otherwise a presigned PUT could copy any object that its signer may read."""
    url = "http://127.0.0.1:5566/bucket/key"
    request = AWSRequest("PUT", url)
    if presigned:
        S3SigV4QueryAuth(Credentials("AKIA", SECRET), "s3", "us-east-1", expires=60).add_auth(request)
        environ = environ_of("PUT", request.url, {})
    else:
        S3SigV4Auth(Credentials("AKIA", SECRET), "s3", "us-east-1").add_auth(request)
        environ = environ_of("PUT", url, request.headers)
    assert problem(environ) is None
    added = {f"HTTP_{header.upper().replace('-', '_')}": "/private/key"}
    assert problem(environ | added) == "unsigned"


@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("get_object", {"Bucket": "images", "Key": "a.png", "ResponseContentType": "text/ü"}),
        ("list_objects", {"Bucket": "images"}),
        ("list_objects_v2", {"Bucket": "images", "Prefix": "a/"}),
    ],
)
def test_version_2_signs_a_bucket_by_path_or_by_host(style, call, given):
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url="http://localhost:5566",
        aws_access_key_id="AKIA",
        aws_secret_access_key=SECRET,
        config=Config(signature_version="s3", s3={"addressing_style": style}),
    )
    url = s3.generate_presigned_url(call, Params=given)
    assert ("images.localhost" in url) is (style == "virtual")
    assert problem(environ_of("GET", url, {})) is None
    assert problem(environ_of("GET", url.replace("images", "others"), {})) == "mismatch"


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def presigned(expires: int, signed: datetime = NOW, version: int = 4) -> dict[str, Any]:
    """The request of a presigned URL. botocore signs it at a given time."""
    keys = Credentials("AKIA", SECRET, "token")
    request = AWSRequest("GET", "http://127.0.0.1:5566/bucket/key")
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr("botocore.auth.get_current_datetime", lambda: signed)
        clock.setattr("botocore.auth.time", SimpleNamespace(time=signed.timestamp))
        if version == 4:
            S3SigV4QueryAuth(keys, "s3", "us-east-1", expires=expires).add_auth(request)
        else:
            HmacV1QueryAuth(keys, expires=expires).add_auth(request)
    return environ_of("GET", request.prepare().url, {})


@pytest.mark.parametrize("version", [2, 4])
def test_a_presigned_url_ends_with_its_last_second(version):
    environ = presigned(60, version=version)
    assert problem(environ, now=NOW) is None
    assert problem(environ, now=NOW + timedelta(seconds=60)) is None
    assert problem(environ, now=NOW + timedelta(seconds=61)) == "expired"


def test_a_presigned_url_from_the_future_is_not_valid_yet():
    environ = presigned(604_800, NOW + timedelta(minutes=16))
    assert problem(environ, now=NOW) == "skewed"
    assert problem(environ, now=NOW + timedelta(minutes=2)) is None, "clocks may differ by 15 minutes"


@pytest.mark.parametrize(("expires", "told"), [(604_800, None), (604_801, "query"), (-1, "query"), (0, None)])
def test_a_presigned_url_is_good_for_seven_days_at_most(expires, told):
    assert problem(presigned(expires), now=NOW) == told


def test_who_signs_nothing_claims_nothing():
    assert claimed(environ_of("GET", "http://127.0.0.1:5566/bucket/key?versionId=1", {})) is None


@pytest.mark.parametrize(
    ("url", "headers", "told"),
    [
        ("/", {"Authorization": "Basic bG9jYWw6bG9jYWw="}, "unsupported"),
        ("/", {"Authorization": "AWS local:c2lnbmF0dXJl"}, "unsupported"),
        ("/", {"Authorization": "AWS4-ECDSA-P256-SHA256 Credential=local"}, "unsupported"),
        ("/", {"Authorization": "AWS4-HMAC-SHA256 Credential=local/20260102/us-east-1/s3/aws4_request"}, "malformed"),
        ("/b/k?X-Amz-Credential=local%2F20260102%2Fus-east-1%2Fs3%2Faws4_request", {}, "query"),
        ("/b/k?AWSAccessKeyId=local", {}, "query"),
        ("/b/k?AWSAccessKeyId=local&Signature=a&Expires=soon", {}, "query"),
    ],
)
def test_a_claim_that_is_not_whole_is_no_anonymous_request(url, headers, told):
    """As an anonymous request, it could read a public bucket, and nobody would see the wrong signature."""
    with pytest.raises(BadSignature) as bad:
        claimed(environ_of("GET", f"http://127.0.0.1:5566{url}", headers))
    assert bad.value.problem == told
