"""S3 takes a body only if it is what the client's checksum says."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum, Sha1Checksum, Sha256Checksum

from localcloud.iam.chunks import BadChunks
from localcloud.s3.integrity import CHECKSUMS, check

BODY = b"123456789"
#: The check values of the algorithms: the CRCs of "123456789". RFC 3720, appendix B.4, and the catalogue of
#: parametrised CRC algorithms (reveng.sourceforge.io/crc-catalogue) have them.
VALUES = {"crc32": "cbf43926", "crc32c": "e3069283", "crc64nvme": "ae8b14860a799888"}


def refused(body: bytes, method: str = "PUT", query: str = "", **headers: str) -> str | None:
    """The error code and the words; None if the body is accepted."""
    try:
        check({"REQUEST_METHOD": method, "QUERY_STRING": query, **headers}, body)
    except BadChunks as bad:
        return f"{bad.code}: {bad}"
    return None


def encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_a_checksum_is_the_algorithms_own_and_another_body_is_refused(algorithm):
    expected = bytes.fromhex(VALUES.get(algorithm) or hashlib.new(algorithm, BODY).hexdigest())
    header = {f"HTTP_X_AMZ_CHECKSUM_{algorithm.upper()}": encoded(expected)}
    assert refused(BODY, **header) is None
    told = f"BadDigest: The {algorithm.upper()} you specified did not match the calculated checksum."
    assert refused(b"12345678", **header) == told
    for wrong in ("", "none", "AAAA"):
        assert refused(BODY, **{next(iter(header)): wrong}).startswith("InvalidRequest: Value for x-amz-checksum-")


def test_content_md5_is_checked():
    header = {"HTTP_CONTENT_MD5": encoded(hashlib.md5(BODY).digest())}
    assert refused(BODY, **header) is None
    assert refused(b"", **header) == "BadDigest: The Content-MD5 you specified did not match what we received."
    for wrong in ("none", "AAAA", hashlib.md5(BODY).hexdigest()):
        assert refused(BODY, HTTP_CONTENT_MD5=wrong) == "InvalidDigest: The Content-MD5 you specified was invalid."


def test_two_checksums_are_refused_and_other_headers_are_none():
    sums = {f"HTTP_X_AMZ_CHECKSUM_{name.upper()}": encoded(CHECKSUMS[name](BODY)) for name in ("sha1", "crc32")}
    assert refused(BODY, **sums).startswith("InvalidRequest: Expecting a single x-amz-checksum- header")
    assert refused(BODY, HTTP_X_AMZ_CHECKSUM_ALGORITHM="CRC32", HTTP_X_AMZ_CHECKSUM_TYPE="FULL_OBJECT") is None


def test_the_checksum_of_a_whole_object_is_not_that_of_the_list_of_its_parts():
    header = {"HTTP_X_AMZ_CHECKSUM_CRC32": encoded(CHECKSUMS["crc32"](BODY))}
    assert refused(b"<CompleteMultipartUpload/>", "POST", "uploadId=abc", **header) is None


@pytest.mark.parametrize("checksum", [Crc32Checksum, Sha1Checksum, Sha256Checksum])
@pytest.mark.parametrize("size", [0, 9, 1 << 20, (1 << 20) + 1])
def test_what_botocore_sends_with_a_trailer_is_accepted_and_anything_changed_is_not(checksum, size):
    name = f"x-amz-checksum-{checksum.__name__.removesuffix('Checksum').lower()}"
    data = b"x" * size
    body = AwsChunkedWrapper(io.BytesIO(data), checksum_cls=checksum, checksum_name=name).read()
    sent = {
        "HTTP_X_AMZ_CONTENT_SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "HTTP_X_AMZ_TRAILER": name,
        "HTTP_X_AMZ_DECODED_CONTENT_LENGTH": str(size),
    }
    assert refused(body, **sent) is None
    value = encoded(CHECKSUMS[name.rpartition("-")[2]](data)).encode()
    assert refused(
        body.replace(value, encoded(CHECKSUMS[name.rpartition("-")[2]](b"other")).encode()), **sent
    ).startswith("BadDigest: ")
    assert refused(body.replace(name.encode(), b"x-amz-meta-a"), **sent).startswith("MalformedTrailerError: ")
    if size:
        assert refused(body.replace(b"xx", b"xy", 1), **sent).startswith("BadDigest: ")
        assert refused(body[: size // 2], **sent).startswith("IncompleteBody: ")


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_every_request_of_boto3s_uploads_is_accepted(algorithm):
    """boto3 sends checksums of its own accord."""
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="A",
        aws_secret_access_key="B",
        config=Config(retries={"total_max_attempts": 1}),
    )
    seen: list[Any] = []

    def stop(request: Any, **_: Any) -> Any:
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        headers = {f"HTTP_{name.upper().replace('-', '_')}": _text(value) for name, value in request.headers.items()}
        seen.append(refused(body, request.method, request.url.partition("?")[2], **headers))
        raise ConnectionAbortedError

    s3.meta.events.register("before-send.s3", stop)
    delete = {"Bucket": "bucket", "Delete": {"Objects": [{"Key": "a"}]}}
    for call, given in (
        ("put_object", {"Bucket": "bucket", "Key": "a", "Body": BODY}),
        ("upload_part", {"Bucket": "bucket", "Key": "a", "Body": BODY, "UploadId": "a", "PartNumber": 1}),
        ("delete_objects", delete),
    ):
        with pytest.raises(ConnectionAbortedError):
            getattr(s3, call)(**given, ChecksumAlgorithm=algorithm)
    assert seen == [None, None, None]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
