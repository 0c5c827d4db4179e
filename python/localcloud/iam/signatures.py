"""Reads and verifies the signature of a request. Pure: it does not use AWS or moto.

Example::

    >>> signed = {
    ...     "REQUEST_METHOD": "GET",
    ...     "PATH_INFO": "/",
    ...     "HTTP_HOST": "127.0.0.1:5566",
    ...     "HTTP_X_AMZ_DATE": "20260102T030405Z",
    ...     "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=AKIA1/20260102/us-east-1/s3/aws4_request, "
    ...     "SignedHeaders=host;x-amz-date, Signature=00",
    ... }
    >>> claim = claimed(signed)
    >>> claim.key, claim.version
    ('AKIA1', 4)
    >>> verify(claim, signed, b"", "secret", datetime(2026, 1, 2, 3, 5, tzinfo=UTC))
    Traceback (most recent call last):
    ...
    localcloud.iam.signatures.BadSignature: The request signature we calculated does not match ...

It reads three kinds of signature: version 4 in the Authorization header, version 4 in the query (presigned URLs), and
version 2 in the query. boto3 still uses version 2 for presigned URLs of S3.

AWS: IAM User Guide, "Create a signed AWS API request" (canonical request, string to sign, signing key); Amazon S3 API
Reference, "Authenticating Requests: Using Query Parameters"; Amazon S3 User Guide, "Signing and authenticating REST
requests (AWS signature version 2)". :mod:`localcloud.iam.chunks` has the signatures of a body's chunks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote, unquote_to_bytes

from botocore.auth import HmacV1Auth

from localcloud.iam import chunks

ALGORITHM = "AWS4-HMAC-SHA256"
#: "Requests must be received within 15 minutes of the timestamp in the request" (IAM User Guide, "Elements of an AWS
#: API request signature").
SKEW = timedelta(minutes=15)
LONGEST = 604_800  # seconds: a presigned URL is valid for seven days at most
UNSIGNED = "UNSIGNED-PAYLOAD"
UNRESERVED = "-_.~"
#: Headers that change nothing and that clients leave unsigned.
ACT_UNSIGNED = frozenset({"x-amz-user-agent"})
#: ``BUCKET.localhost:5566``, by which a client may name the bucket.
VIRTUAL_HOST = re.compile(r"(?P<name>.+)\.localhost(:\d+)?")

Problem = Literal["mismatch", "unsigned", "expired", "skewed", "malformed", "query", "unsupported", "payload"]


MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


class BadSignature(Exception):
    """A signature that is not valid.

    Attributes:
        problem: ``mismatch`` (another secret, or a changed request), ``expired`` (a presigned URL), ``skewed`` (the
            date is more than 15 minutes off), ``payload`` (another body), ``malformed``, ``query`` (a presigned URL
            that is malformed) or ``unsupported``.
    """

    def __init__(self, problem: Problem, message: str) -> None:
        super().__init__(message)
        self.problem = problem


@dataclass(frozen=True)
class Claim:
    """The signature of a request and what it covers, as the request says. It is not verified yet.

    Attributes:
        key: The access key's id.
        token: The session token.
        version: The signature version.
        signature: Hexadecimal for version 4, Base64 for version 2.
        presigned: Whether the signature is in the query.
        scope: ``20260102/us-east-1/s3/aws4_request``; empty for version 2.
        headers: The names of the signed headers in lower case; empty for version 2.
        date: ``20260102T030405Z``; empty for version 2.
        expires: Version 4: the seconds for which a presigned URL is valid. Version 2: the end of its validity, in
            seconds since 1970.
    """

    key: str
    token: str | None
    version: Literal[2, 4]
    signature: str
    presigned: bool = False
    scope: str = ""
    headers: tuple[str, ...] = ()
    date: str = ""
    expires: int = 0


def claimed(environ: Mapping[str, Any]) -> Claim | None:
    """The signature of a request; None if the request is not signed.

    Raises:
        BadSignature: The local cloud does not read this kind of signature, or a part of it is missing.
    """
    if authorization := environ.get("HTTP_AUTHORIZATION"):
        return _of_header(authorization, environ)
    query = dict(_query(environ))
    try:
        if "X-Amz-Algorithm" in query or "X-Amz-Credential" in query or "X-Amz-Signature" in query:
            return _of_query(query)
        if "AWSAccessKeyId" in query:
            return Claim(
                query["AWSAccessKeyId"],
                query.get("x-amz-security-token"),
                version=2,
                signature=query["Signature"],
                presigned=True,
                expires=int(query["Expires"]),
            )
    except KeyError as missing:
        raise BadSignature("query", f"a presigned URL needs the parameter {missing.args[0]}") from None
    except ValueError:
        raise BadSignature("query", "X-Amz-Expires, or Expires, must be a number") from None
    return None


def verify(claim: Claim, environ: Mapping[str, Any], body: bytes, secret: str, now: datetime) -> None:
    """Verify a signature.

    Args:
        claim: The request's signature, from :func:`claimed`.
        environ: The WSGI environment.
        body: The request's body.
        secret: The secret access key.
        now: The current time, with a time zone.

    Raises:
        BadSignature: The secret, the request or the time does not fit the signature.
        BadChunks: The body should be in the coding ``aws-chunked``, and is not.
    """
    if claim.version == 2:
        expected = _version_2(claim, environ, secret)
    else:
        _refuse_unsigned(claim, environ)
        expected = [_version_4(claim, environ, body, secret)]
    if not any(hmac.compare_digest(one.encode(), claim.signature.encode()) for one in expected):
        raise BadSignature("mismatch", MISMATCH)
    _check_time(claim, now)
    if claim.version == 4 and chunks.is_chunked(environ):
        _verify_chunks(claim, environ, body, secret)
    given = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")
    if given.startswith("STREAMING-") and not chunks.is_chunked(environ):
        raise BadSignature("unsupported", f"the local cloud does not verify {given}; it reads no such body")
    if re.fullmatch(r"[0-9a-fA-F]{64}", given) and given.lower() != hashlib.sha256(body).hexdigest():
        raise BadSignature("payload", "The provided 'x-amz-content-sha256' header does not match what was computed.")


def _verify_chunks(claim: Claim, environ: Mapping[str, Any], body: bytes, secret: str) -> None:
    found = chunks.read(body, environ)
    if environ["HTTP_X_AMZ_CONTENT_SHA256"] == chunks.UNSIGNED_TRAILER:
        return
    if claim.presigned:
        raise BadSignature("unsupported", "the chunks of a presigned upload cannot be signed")
    key = _signing_key(secret, claim.scope)
    if not chunks.verified(found, signing_key=key, date=claim.date, scope=claim.scope, seed=claim.signature):
        raise BadSignature("mismatch", MISMATCH)


def _of_header(authorization: str, environ: Mapping[str, Any]) -> Claim:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise BadSignature("unsupported", f"the local cloud verifies {ALGORITHM} only, not {algorithm}")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not parts.get(name)]
    date = environ.get("HTTP_X_AMZ_DATE") or ""
    if missing or not date:
        what = ", ".join(missing) or "X-Amz-Date"
        raise BadSignature("malformed", f"Authorization header requires '{what}'. Authorization={algorithm}")
    key, scope = _credential(parts["Credential"])
    headers = tuple(parts["SignedHeaders"].lower().split(";"))
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
    return Claim(key, token, 4, parts["Signature"], scope=scope, headers=headers, date=date)


def _of_query(query: Mapping[str, str]) -> Claim:
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise BadSignature("unsupported", f"the local cloud verifies {ALGORITHM} only, not {query['X-Amz-Algorithm']}")
    expires = int(query["X-Amz-Expires"])
    if not 0 <= expires <= LONGEST:
        raise BadSignature("query", f"X-Amz-Expires must be between 0 and {LONGEST} seconds, not {expires}")
    key, scope = _credential(query["X-Amz-Credential"])
    return Claim(
        key,
        query.get("X-Amz-Security-Token"),
        4,
        query["X-Amz-Signature"],
        presigned=True,
        scope=scope,
        headers=tuple(query["X-Amz-SignedHeaders"].lower().split(";")),
        date=query["X-Amz-Date"],
        expires=expires,
    )


def _credential(credential: str) -> tuple[str, str]:
    key, _, scope = credential.partition("/")
    if not key or not re.fullmatch(r"\d{8}/[^/]+/[^/]+/aws4_request", scope):
        raise BadSignature(
            "malformed", f"Credential must have the form KEY/DATE/REGION/SERVICE/aws4_request: {credential}"
        )
    return key, scope


def _version_4(claim: Claim, environ: Mapping[str, Any], body: bytes, secret: str) -> str:
    day, _, service, _ = claim.scope.split("/")
    if "host" not in claim.headers or not claim.date.startswith(day):
        raise BadSignature("malformed", "the signature must cover the host, and its scope must have its date")
    query = [(name, value) for name, value in _query(environ) if not (claim.presigned and name == "X-Amz-Signature")]
    canonical = "\n".join(
        [
            environ["REQUEST_METHOD"],
            _path(environ, service),
            "&".join(
                f"{name}={value}" for name, value in sorted((_encoded(name), _encoded(value)) for name, value in query)
            ),
            *(f"{name}:{_header(environ, name)}" for name in claim.headers),
            "",
            ";".join(claim.headers),
            _payload(claim, environ, body, service),
        ]
    )
    hashed = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    to_sign = f"{ALGORITHM}\n{claim.date}\n{claim.scope}\n{hashed}"
    return hmac.digest(_signing_key(secret, claim.scope), to_sign.encode(), "sha256").hex()


@lru_cache(maxsize=1024)
def _signing_key(secret: str, scope: str) -> bytes:
    """The key that signs all requests of a day to a service ("Create a signed AWS API request", step 4)."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _refuse_unsigned(claim: Claim, environ: Mapping[str, Any]) -> None:
    """Refuse headers that would act without being signed, such as x-amz-copy-source beside a presigned URL.

    Source: IAM User Guide, "Create a signed AWS API request": the signed headers include "any x-amz-* headers in the
    request".
    """
    sent = {name[5:].replace("_", "-").lower() for name in environ if name.startswith("HTTP_X_AMZ_")}
    unsigned = sorted(sent - set(claim.headers) - ACT_UNSIGNED)
    if unsigned:
        raise BadSignature(
            "unsigned", f"There were headers present in the request which were not signed: {', '.join(unsigned)}"
        )


def _version_2(claim: Claim, environ: Mapping[str, Any], secret: str) -> list[str]:
    """The signatures that version 2 allows: a client may sign a bucket's own address with a slash at its end."""
    query = dict(_query(environ))
    amz = {name.lower(): value for name, value in query.items() if name.lower().startswith("x-amz-")}
    amz |= {
        name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_X_AMZ_")
    }
    named = [
        f"{name}={value}" if value else name
        for name, value in sorted(query.items())
        if name in HmacV1Auth.QSAOfInterest
    ]
    bucket = VIRTUAL_HOST.fullmatch(environ.get("HTTP_HOST", ""))
    path = (f"/{bucket['name']}" if bucket else "") + _raw_path(environ)
    paths = [path, f"{path}/"] if path.count("/") == 1 else [path]
    head = [
        environ["REQUEST_METHOD"],
        environ.get("HTTP_CONTENT_MD5", ""),
        environ.get("CONTENT_TYPE", ""),
        str(claim.expires),
        *(f"{name}:{value.strip()}" for name, value in sorted(amz.items())),
    ]
    arguments = "?" + "&".join(named) if named else ""
    return [
        base64.b64encode(
            hmac.digest(secret.encode(), "\n".join([*head, one + arguments]).encode("latin-1"), "sha1")
        ).decode()
        for one in paths
    ]


def _check_time(claim: Claim, now: datetime) -> None:
    if claim.version == 2:
        if now.timestamp() > claim.expires:
            raise BadSignature("expired", "Request has expired")
        return
    signed = _moment(claim.date)
    if signed - now > SKEW or (not claim.presigned and now - signed > SKEW):
        raise BadSignature(
            "skewed", f"The difference between the request time ({claim.date}) and the current time is too large."
        )
    if claim.presigned and now > signed + timedelta(seconds=claim.expires):
        raise BadSignature("expired", "Request has expired")


@lru_cache(maxsize=1024)
def _moment(date: str) -> datetime:
    try:
        return datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise BadSignature("malformed", f"X-Amz-Date must have the form YYYYMMDDTHHMMSSZ, not {date}") from None


def _payload(claim: Claim, environ: Mapping[str, Any], body: bytes, service: str) -> str:
    """The signature's word for the body: its hash, or a text in its place."""
    if claim.presigned and service == "s3":
        return UNSIGNED
    return environ.get("HTTP_X_AMZ_CONTENT_SHA256") or hashlib.sha256(body).hexdigest()


def _raw_path(environ: Mapping[str, Any]) -> str:
    """The path as it was sent, percent-encoded."""
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI") or quote(environ.get("PATH_INFO", ""))
    if not target.startswith("/"):
        target = re.sub(r"^https?://[^/?]*", "", target)
    return target.partition("?")[0] or "/"


def _path(environ: Mapping[str, Any], service: str) -> str:
    """The canonical path.

    S3's path is used as it was sent. Every other path loses its empty and dotted parts and is encoded once more.
    """
    return _canonical(_raw_path(environ), as_sent=service in ("s3", "s3-outposts", "s3-object-lambda"))


@lru_cache(maxsize=1024)
def _canonical(sent: str, *, as_sent: bool) -> str:
    if as_sent:
        return quote(unquote_to_bytes(sent), safe="/" + UNRESERVED)
    normal = posixpath.normpath(sent).replace("//", "/")
    if sent.endswith("/") and not normal.endswith("/"):
        normal += "/"
    return quote(normal, safe="/" + UNRESERVED)


def _query(environ: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The query's parameters, decoded. Each byte becomes one character."""
    pairs = [part.partition("=")[::2] for part in environ.get("QUERY_STRING", "").split("&") if part]
    return [(_decoded(name), _decoded(value)) for name, value in pairs]


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode("latin-1")


def _encoded(text: str) -> str:
    return quote(text.encode("latin-1"), safe=UNRESERVED)


def _header(environ: Mapping[str, Any], name: str) -> str:
    key = name.upper().replace("-", "_")
    value = environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", "")
    value = value.strip()
    return re.sub(r" +", " ", value) if "  " in value else value
