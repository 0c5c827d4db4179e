"""The condition keys of S3: what a request says in its headers, and the tags of objects as they are.

AWS: Amazon S3 User Guide, "Condition keys for Amazon S3" and "Bucket policy examples using condition keys";
"Managing access with tags: object tagging"; "Enforce conditional writes on Amazon S3 buckets".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from moto.s3.models import s3_backends

from localcloud.iam.evaluation import Context, Request
from localcloud.iam.needs import Asked, Given

#: The headers that are condition keys of their own names.
HEADERS = (
    *("if-match", "if-none-match", "x-amz-acl", "x-amz-bucket-namespace", "x-amz-content-sha256", "x-amz-copy-source"),
    *(f"x-amz-grant-{one}" for one in ("full-control", "read", "read-acp", "write", "write-acp")),
    *("x-amz-metadata-directive", "x-amz-object-ownership", "x-amz-server-side-encryption"),
    *("x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-customer-algorithm"),
    *("x-amz-storage-class", "x-amz-website-redirect-location"),
)
#: The headers whose keys have shorter names: ``s3:object-lock-mode``.
LOCKS = ("object-lock-mode", "object-lock-retain-until-date", "object-lock-legal-hold")
#: The condition keys, by the header.
KEYS = {**{name: f"s3:{name}" for name in HEADERS}, **{f"x-amz-{name}": f"s3:{name}" for name in LOCKS}}
#: Of the operations that need s3:PutObject, those that make an object.
CREATING = frozenset({"PutObject", "CopyObject", "CompleteMultipartUpload"})
#: The actions that judge by the tags of an object that exists.
BY_OBJECT_TAGS = frozenset(
    f"s3:{name}"
    for name in (
        "DeleteObjectTagging",
        "DeleteObjectVersionTagging",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectTagging",
        "GetObjectVersion",
        "GetObjectVersionAcl",
        "GetObjectVersionAttributes",
        "GetObjectVersionTagging",
        "PutObjectAcl",
        "PutObjectTagging",
        "PutObjectVersionAcl",
        "PutObjectVersionTagging",
    )
)


def sent(asked: Asked) -> Given:
    """The keys that every request to S3 has.

    Example::

        >>> query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=60"
        >>> presigned = Asked("GetObject", {}, "us-east-1", "123456789012", query=query)
        >>> sent(presigned)["s3:authtype"], sent(presigned)["s3:signatureversion"]
        (('REST-QUERY-STRING',), ('AWS4-HMAC-SHA256',))
    """
    # A request counts as sent over TLS.
    found: Given = {"s3:resourceaccount": (asked.account,), "s3:tlsversion": ("1.3",)}
    signed, query = asked.headers.get("authorization", ""), dict(parse_qsl(asked.query)) if asked.query else {}
    version = signed.partition(" ")[0] or query.get("X-Amz-Algorithm") or ("AWS" if "AWSAccessKeyId" in query else "")
    if version:
        found["s3:authtype"] = ("REST-HEADER" if signed else "REST-QUERY-STRING",)
        found["s3:signatureversion"] = (version,)
    if age := _age(asked.headers.get("x-amz-date") or query.get("X-Amz-Date") or ""):
        found["s3:signatureage"] = (age,)
    return found | {KEYS[name]: (value,) for name, value in asked.headers.items() if name in KEYS}


def _age(signed_at: str) -> str | None:
    """How long ago a request was signed, in milliseconds. None without a date."""
    try:
        moment = datetime.fromisoformat(signed_at)
    except ValueError:
        return None
    return str(max(0, int((datetime.now(UTC) - moment).total_seconds() * 1000))) if moment.tzinfo else None


def object_tags(asked: Asked) -> Given:
    """The keys of the tags that a request gives to an object.

    Example::

        >>> object_tags(Asked("PutObject", {"Tagging": "team=ml&stage=dev"}, "us-east-1", "1"))
        {'s3:requestobjecttag/team': ('ml',), 's3:requestobjecttag/stage': ('dev',),
         's3:requestobjecttagkeys': ('team', 'stage')}
    """
    given = asked.parameters.get("Tagging") or {}
    tags = parse_qsl(given, keep_blank_values=True) if isinstance(given, str) else _pairs(given.get("TagSet"))
    found: Given = {f"s3:requestobjecttag/{name}".lower(): (value,) for name, value in tags}
    return found | {"s3:requestobjecttagkeys": tuple(name for name, _ in tags)} if tags else {}


def _pairs(tags: Any) -> list[tuple[str, str]]:
    return [(str(tag.get("Key")), str(tag.get("Value", ""))) for tag in tags or () if isinstance(tag, Mapping)]


def about(request: Request) -> Context:
    """The tags of the object that a request is for; none if there is no such object."""
    bucket, _, key = request.resources[0].split(":", 5)[-1].partition("/")
    if request.action not in BY_OBJECT_TAGS or not key:
        return {}
    for backends in list(s3_backends.values()):
        backend = backends["aws"]
        known = backend.buckets.get(bucket)
        versions = known.keys.getlist(key, []) if known else []
        wanted = request.context.get("s3:versionid")
        found = [one for one in versions if wanted is None or one.version_id == wanted[0]]
        if found:
            tags = backend.tagger.get_tag_dict_for_resource(found[-1].arn) if hasattr(found[-1], "arn") else {}
            return {f"s3:existingobjecttag/{name}".lower(): (value,) for name, value in tags.items()}
    return {}
