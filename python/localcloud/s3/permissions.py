"""The permissions of S3's operations.

Most operations and their actions have different names (S3 User Guide, "Required permissions for Amazon S3 API
operations").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from moto.s3.models import s3_backends

from localcloud.iam.evaluation import Access
from localcloud.iam.needs import Asked, Need, on, passing
from localcloud.s3 import conditions

BUCKET = "arn:aws:s3:::{Bucket}"
OBJECT = "arn:aws:s3:::{Bucket}/{Key}"
LISTING = {"s3:prefix": "{Prefix}", "s3:delimiter": "{Delimiter}", "s3:max-keys": "{MaxKeys}"}
WRITING = {
    "s3:x-amz-acl": "{ACL}",
    "s3:x-amz-server-side-encryption": "{ServerSideEncryption}",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "{SSEKMSKeyId}",
}

# The actions of a bucket's settings. The permission to put a setting also allows its deletion.
SETTINGS = {
    "AccelerateConfiguration": "AccelerateConfiguration",
    "Acl": "BucketAcl",
    "Cors": "BucketCORS",
    "Encryption": "EncryptionConfiguration",
    "LifecycleConfiguration": "LifecycleConfiguration",
    "Logging": "BucketLogging",
    "MetricsConfiguration": "MetricsConfiguration",
    "NotificationConfiguration": "BucketNotification",
    "OwnershipControls": "BucketOwnershipControls",
    "Replication": "ReplicationConfiguration",
    "RequestPayment": "BucketRequestPayment",
    "Tagging": "BucketTagging",
    "Versioning": "BucketVersioning",
}
UNSETTABLE = ("Cors", "Encryption", "OwnershipControls", "Replication", "Tagging")
# The actions of the other operations on a bucket, which follow no pattern.
ON_BUCKETS = {
    "DeleteBucket": "DeleteBucket",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteBucketPolicy": "DeleteBucketPolicy",
    "DeleteBucketWebsite": "DeleteBucketWebsite",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketLocation": "GetBucketLocation",
    "GetBucketPolicy": "GetBucketPolicy",
    "GetBucketPolicyStatus": "GetBucketPolicyStatus",
    "GetBucketWebsite": "GetBucketWebsite",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "PutBucketPolicy": "PutBucketPolicy",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}


def _missing(asked: Asked) -> bool:
    """Whether the object does not exist.

    Without s3:ListBucket, S3 then answers 403 and not 404 (GetObject, HeadObject).
    """
    known = _bucket(asked)
    return known is not None and asked.value("Key") not in known.keys


def _bucket(asked: Asked) -> Any:
    return s3_backends[asked.account]["aws"].buckets.get(asked.value("Bucket") or "")


def _version(asked: Asked) -> bool:
    return asked.value("VersionId") is not None


def _current(asked: Asked) -> bool:
    return not _version(asked)


def _reading(operation: str) -> dict[str, tuple[Need, ...]]:
    return {
        operation: (
            Need("s3:GetObject", (OBJECT,), when=_current),
            Need("s3:GetObjectVersion", (OBJECT,), when=_version),
            Need("s3:ListBucket", (BUCKET,), when=_missing),
        )
    }


def _source(asked: Asked) -> Iterable[str]:
    """The source object of a copy: ``bucket/key?versionId=…``, with or without a slash in front."""
    bucket, _, key = (asked.value("CopySource") or "*/*").partition("?")[0].lstrip("/").partition("/")
    return [f"arn:aws:s3:::{unquote(bucket)}/{unquote(key)}"]


def _deleted(*, versions: bool) -> Need:
    def arns(asked: Asked) -> Iterable[str]:
        asked_for = (asked.parameters.get("Delete") or {}).get("Objects") or []
        return [
            f"arn:aws:s3:::{asked.value('Bucket')}/{one.get('Key')}"
            for one in asked_for
            if bool(one.get("VersionId")) == versions
        ]

    return Need("s3:DeleteObjectVersion" if versions else "s3:DeleteObject", (arns,))


PUT = Need("s3:PutObject", (OBJECT,), WRITING)
# A write that succeeds only if the object has a given ETag (S3 User Guide, "Conditional writes").
MATCHING = Need("s3:GetObject", (OBJECT,), when="IfMatch")
TABLE = {
    **{
        f"{verb}Bucket{name}": (Need(f"s3:{verb}{action}", (BUCKET,)),)
        for name, action in SETTINGS.items()
        for verb in ("Get", "Put")
    },
    "PutBucketReplication": (
        Need("s3:PutReplicationConfiguration", (BUCKET,)),
        passing("ReplicationConfiguration.Role", "s3.amazonaws.com"),
    ),
    **{f"DeleteBucket{name}": (Need(f"s3:Put{SETTINGS[name]}", (BUCKET,)),) for name in UNSETTABLE},
    **{operation: (Need(f"s3:{action}", (BUCKET,)),) for operation, action in ON_BUCKETS.items()},
    **{operation: (Need("s3:ListBucket", (BUCKET,), LISTING),) for operation in ("ListObjects", "ListObjectsV2")},
    "ListObjectVersions": (Need("s3:ListBucketVersions", (BUCKET,), LISTING),),
    "CreateBucket": (
        Need("s3:CreateBucket", (BUCKET,), {"s3:locationconstraint": "{CreateBucketConfiguration.LocationConstraint}"}),
    ),
    "ListBuckets": (Need("s3:ListAllMyBuckets"),),
    **_reading("GetObject"),
    **_reading("HeadObject"),
    "GetObjectAttributes": (
        Need("s3:GetObject", (OBJECT,), when=_current),
        Need("s3:GetObjectAttributes", (OBJECT,), when=_current),
        Need("s3:GetObjectVersion", (OBJECT,), when=_version),
        Need("s3:GetObjectVersionAttributes", (OBJECT,), when=_version),
    ),
    "GetObjectTagging": (
        Need("s3:GetObjectTagging", (OBJECT,), when=_current),
        Need("s3:GetObjectVersionTagging", (OBJECT,), when=_version),
    ),
    **{
        f"{verb}Object{what}": (
            Need(f"s3:{verb}Object{what}", (OBJECT,), when=_current),
            Need(f"s3:{verb}ObjectVersion{what}", (OBJECT,), when=_version),
        )
        for verb, what in (("Delete", "Tagging"), ("Put", "Tagging"), ("Get", "Acl"), ("Put", "Acl"))
    },
    "PutObject": (
        PUT,
        MATCHING,
        Need("s3:PutObjectTagging", (OBJECT,), when="Tagging"),
        Need("s3:PutObjectAcl", (OBJECT,), when="ACL"),
    ),
    "CopyObject": (PUT, MATCHING, Need("s3:GetObject", (_source,)), Need("s3:PutObjectAcl", (OBJECT,), when="ACL")),
    "CreateMultipartUpload": (PUT, Need("s3:PutObjectTagging", (OBJECT,), when="Tagging")),
    "UploadPart": (PUT,),
    "CompleteMultipartUpload": (PUT, MATCHING),
    "UploadPartCopy": (PUT, Need("s3:GetObject", (_source,))),
    "AbortMultipartUpload": (Need("s3:AbortMultipartUpload", (OBJECT,)),),
    "ListParts": (Need("s3:ListMultipartUploadParts", (OBJECT,)),),
    "DeleteObject": (
        Need("s3:DeleteObject", (OBJECT,), when=_current),
        Need("s3:DeleteObjectVersion", (OBJECT,), when=_version),
    ),
    "DeleteObjects": (_deleted(versions=False), _deleted(versions=True)),
}
# Newer versions of Terraform's provider tag buckets with this API.
CONTROL_TABLE = on("{ResourceArn}", "s3", "ListTagsForResource", "TagResource", "UntagResource")


class _Keyed(Need):
    """A need with the condition keys that every request to S3 has, besides its own."""

    def accesses(self, asked: Asked) -> list[Access]:
        found = super().accesses(asked)
        if not found:
            return found
        about = conditions.sent(asked)
        if (version := asked.value("VersionId")) and "Version" in self.action:
            about["s3:versionid"] = (version,)
        if self.action == "s3:PutObject":
            about["s3:objectcreationoperation"] = (str(asked.operation in conditions.CREATING).lower(),)
        if self.action in ("s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"):
            about |= conditions.object_tags(asked)
        return [Access(one.action, one.resources, {**about, **one.context}) for one in found]


def _keyed(need: Need) -> Need:
    if not need.action.startswith("s3:"):
        return need
    return _Keyed(need.action, need.resources, need.context, need.when, need.tagged, need.optional)


TABLES = {
    "s3": {name: tuple(map(_keyed, needs)) for name, needs in TABLE.items()},
    "s3control": CONTROL_TABLE,
}
