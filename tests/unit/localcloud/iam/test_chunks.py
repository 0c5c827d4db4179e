"""A body that is signed chunk by chunk is verified as AWS's published examples say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.iam.chunks import BadChunks, read
from localcloud.iam.signatures import BadSignature, claimed, verify

from .test_signatures import S3_SECRET, environ_of

URL = "https://s3.amazonaws.com/examplebucket/chunkObject.txt"
THEN = datetime(2013, 5, 24, 0, 0, 1, tzinfo=UTC)
SENT = {
    "Content-Encoding": "aws-chunked",
    "X-Amz-Date": "20130524T000000Z",
    "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
    "X-Amz-Decoded-Content-Length": "66560",
}
#: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
#: Chunks (Chunked Upload)", example: 66560 letters "a" in chunks of 64 KB, 1 KB and 0 bytes.
PLAIN = {
    **SENT,
    "Content-Length": "66824",
    "X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
    "SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;"
    "x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
}
PLAIN_SIGNATURES = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
#: The same, "Signature Calculations for the Authorization Header: Including Trailing Headers (Chunked Upload)".
WITH_TRAILER = {
    **SENT,
    "X-Amz-Trailer": "x-amz-checksum-crc32c",
    "X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
    "SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;"
    "x-amz-storage-class;x-amz-trailer,Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
}
TRAILER_SIGNATURES = (
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
TRAILER = (
    b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
    b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"
)
PARTS = (b"a" * 65_536, b"a" * 1024, b"")


def coded(parts: tuple[bytes, ...], signatures: tuple[str, ...], trailer: bytes = b"") -> bytes:
    """A body in the coding ``aws-chunked``."""
    chunks = [
        b"%x;chunk-signature=%s\r\n" % (len(part), signature.encode()) + (part + b"\r\n" if part else b"")
        for part, signature in zip(parts, signatures, strict=True)
    ]
    return b"".join(chunks) + trailer + b"\r\n"


def refused(headers: dict[str, str], body: bytes, **changed: str) -> str | None:
    """The error code of a request, or the problem of its signature; None if it is right."""
    environ: dict[str, Any] = {**environ_of("PUT", URL, headers), **changed}
    claim = claimed(environ)
    assert claim is not None
    try:
        verify(claim, environ, body, S3_SECRET, THEN)
    except BadSignature as bad:
        return bad.problem
    except BadChunks as bad:
        return bad.code
    return None


def test_the_examples_of_s3s_api_reference():
    assert refused(PLAIN, coded(PARTS, PLAIN_SIGNATURES)) is None
    assert refused(WITH_TRAILER, coded(PARTS, TRAILER_SIGNATURES, TRAILER)) is None


CHANGED = {
    "another byte": coded((b"b" + PARTS[0][1:], *PARTS[1:]), PLAIN_SIGNATURES),
    "another signature": coded(PARTS, (PLAIN_SIGNATURES[0], "0" * 64, PLAIN_SIGNATURES[2])),
    "another signature at the end": coded(PARTS, (*PLAIN_SIGNATURES[:2], "0" * 64)),
    "chunks that have changed places": coded(
        (PARTS[0], b"a" * 512, b"a" * 512, b""), (*PLAIN_SIGNATURES[:2], "0" * 64, PLAIN_SIGNATURES[2])
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_chunk_is_not_accepted(name):
    told = refused(PLAIN, CHANGED[name])
    assert told == ("InvalidChunkSizeError" if name.startswith("chunks") else "mismatch")


def test_a_changed_trailer_is_not_accepted():
    signed = coded(PARTS, TRAILER_SIGNATURES, TRAILER.replace(b"sOO8/Q==", b"AAAAAA=="))
    assert refused(WITH_TRAILER, signed) == "mismatch"
    assert refused(WITH_TRAILER, coded(PARTS, TRAILER_SIGNATURES)) == "MalformedTrailerError"
    unsigned = TRAILER.partition(b"\r\n")[0] + b"\r\n"
    assert refused(WITH_TRAILER, coded(PARTS, TRAILER_SIGNATURES, unsigned)) == "MalformedTrailerError"
    more = b"x-amz-checksum-sha1:AAAA\r\n" + TRAILER
    assert refused(WITH_TRAILER, coded(PARTS, TRAILER_SIGNATURES, more)) == "MalformedTrailerError"


WHOLE = coded(PARTS, PLAIN_SIGNATURES)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        WHOLE[:1000],
        WHOLE[: WHOLE.index(b"400;")],
        WHOLE[: WHOLE.index(b"\r\n0;") + 2],
        WHOLE.replace(b"10000;", b"10001;"),
        WHOLE.replace(b"10000;", b"-1;"),
        WHOLE.replace(b"10000;chunk-signature=" + PLAIN_SIGNATURES[0].encode(), b"10000"),
        coded((PARTS[0], b""), (PLAIN_SIGNATURES[0], PLAIN_SIGNATURES[2])),
    ],
)
def test_a_body_that_is_not_whole_is_incomplete(body):
    assert refused(PLAIN, body) == "IncompleteBody"


def test_the_length_of_the_data_must_be_given_and_right():
    """moto takes as much memory as this header says."""
    body = b"5\r\nhello\r\n0\r\n\r\n"
    sent = {"HTTP_X_AMZ_CONTENT_SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
    for length, code in ((None, "MissingContentLength"), ("x", "MissingContentLength"), ("9" * 15, "IncompleteBody")):
        given = {} if length is None else {"HTTP_X_AMZ_DECODED_CONTENT_LENGTH": length}
        with pytest.raises(BadChunks) as bad:
            read(body, {**sent, **given})
        assert bad.value.code == code
    assert read(body, {**sent, "HTTP_X_AMZ_DECODED_CONTENT_LENGTH": "5"}).data == b"hello"
