"""The permissions on an object's KMS key that reading and writing the object need.

AWS: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys" (GenerateDataKey to write, Decrypt to read,
both for a multipart upload) and "Amazon S3 Bucket Keys" (the encryption context is then the bucket).
"""

from __future__ import annotations

from moto.s3.models import s3_backends

from localcloud.iam.evaluation import Access
from localcloud.iam.needs import Asked
from localcloud.kms.keys import arn_of, uses

ACTIONS = ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")


def implied(access: Access, asked: Asked | None) -> list[Access]:
    """The accesses to a KMS key that an access to an object needs; none if there is no key, or a key of AWS's own.

    Args:
        access: An access with one of :data:`ACTIONS`.
        asked: The request of the access. It may name a key.
    """
    action, arn = access.action, access.resources[0]
    name, _, key_name = arn.removeprefix("arn:aws:s3:::").partition("/")
    bucket = next((one for backends in list(s3_backends.values()) if (one := backends["aws"].buckets.get(name))), None)
    if bucket is None:
        return []
    rule = (bucket.encryption or {}).get("Rule", {})
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    by_bucket = str(rule.get("BucketKeyEnabled", "")).lower() == "true"
    if action == "s3:PutObject":
        upload = bucket.multiparts.get(asked.value("UploadId") or "") if asked else None
        key = (asked and asked.value("SSEKMSKeyId")) or getattr(upload, "kms_key_id", None)
        if key is None and not (asked and asked.value("ServerSideEncryption") == "AES256"):
            key = default.get("KMSMasterKeyID")
        in_parts = asked is not None and asked.operation in (
            "CreateMultipartUpload",
            "UploadPart",
            "UploadPartCopy",
            "CompleteMultipartUpload",
        )
        actions = ("kms:GenerateDataKey", "kms:Decrypt") if in_parts else ("kms:GenerateDataKey",)
    else:
        stored = bucket.keys.get(key_name)
        key = getattr(stored, "kms_key_id", None)
        actions = ("kms:Decrypt",)
    found = arn_of(key, bucket.account_id, bucket.region_name) if key else None
    if found is None:
        return []
    return uses(
        found,
        actions,
        f"s3.{bucket.region_name}.amazonaws.com",
        {"aws:s3:arn": f"arn:aws:s3:::{name}" if by_bucket else arn},
    )
