"""KMS: its own operations, and what other services' operations need of the key that what they touch is encrypted with.

Keys are judged by ARN whatever a request calls them by: an identifier, an alias or an ARN.
"""

from __future__ import annotations

from collections.abc import Iterable

from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from localcloud.authorization.derivation.needs import Asked, Given, Need, on
from localcloud.authorization.evaluation import Access

KEY_ID_LENGTH = 36  # at the head of what moto encrypts


def arn_of(key: str, account: str, region: str) -> str | None:
    """A key's ARN by its identifier, alias or ARN; None for a key that is not the account's own (``alias/aws/s3``)."""
    parts = key.split(":", 5)
    if len(parts) == 6:
        region, account, key = parts[3], parts[4], parts[5]
    known = kms_backends[account][region]
    key = key.removeprefix("key/")
    if key.startswith("alias/"):
        key = known.get_key_id_from_alias(key) or ""
    return known.keys[key].arn if key in known.keys else None


def _key(asked: Asked) -> Iterable[str]:
    called = asked.value("KeyId") or asked.value("TargetKeyId") or _encrypting(asked) or "*"
    return [arn_of(called, asked.account, asked.region) or _unknown(called, asked)]


def _encrypting(asked: Asked) -> str | None:
    """The key that a text to decrypt was encrypted with, which it says itself."""
    text = asked.parameters.get("CiphertextBlob")
    return text[:KEY_ID_LENGTH].decode(errors="replace") if isinstance(text, bytes) else None


def _unknown(called: str, asked: Asked) -> str:
    return called if called.startswith("arn:") else f"arn:aws:kms:{asked.region}:{asked.account}:key/{called}"


def _aliased(asked: Asked) -> Iterable[str]:
    """The key that an alias stands for."""
    found = arn_of(asked.value("AliasName") or "", asked.account, asked.region)
    return [found or _unknown("*", asked)]


def _about_aliased(asked: Asked) -> Given:
    """The condition keys of the key that an alias stands for."""
    found: Given = {"kms:calleraccount": (asked.account,)}
    for key in _aliased(asked):
        found |= tags(key)
    return found


def _about(asked: Asked) -> Given:
    """The condition keys of a key and of what is done with it."""
    found: Given = {"kms:calleraccount": (asked.account,)}
    called = (asked.value("KeyId") or "").rpartition(":")[2]
    if called.startswith("alias/"):
        found["kms:requestalias"] = (called,)
    for key in _key(asked):
        found |= tags(key)
    return found | _encryption_context(asked.parameters.get("EncryptionContext") or {})


def tags(arn: str) -> Given:
    """The condition keys of a key's tags."""
    _, _, _, region, account, name = arn.split(":", 5)
    backend = kms_backends[account][region]
    if name.removeprefix("key/") not in backend.keys:
        return {}
    known = backend.tagger.get_tag_dict_for_resource(name.removeprefix("key/"))
    return {f"aws:resourcetag/{key}".lower(): (value,) for key, value in known.items()}


def _encryption_context(pairs: dict[str, str]) -> Given:
    if not pairs:
        return {}
    found: Given = {f"kms:encryptioncontext:{name}".lower(): (value,) for name, value in pairs.items()}
    return found | {"kms:encryptioncontextkeys": tuple(pairs)}


def _granting(asked: Asked) -> Given:
    found = _about(asked) | {"kms:grantisforawsresource": ("false",)}
    if asked.values("Operations"):
        found["kms:grantoperations"] = tuple(asked.values("Operations"))
    if grantee := asked.value("GranteePrincipal"):
        found["kms:granteeprincipal"] = (grantee,)
    return found


NEW = "arn:aws:kms:{region}:{account}:key/*"
ALIAS = "arn:aws:kms:{region}:{account}:{AliasName}"
OPERATIONS = (
    "CancelKeyDeletion",
    "Decrypt",
    "DescribeKey",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "ListGrants",
    "ListKeyPolicies",
    "ListResourceTags",
    "PutKeyPolicy",
    "RetireGrant",
    "RevokeGrant",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateKeyDescription",
)
TABLE = {
    **on(_key, "kms", *OPERATIONS, context=_about),
    "CreateGrant": (Need("kms:CreateGrant", (_key,), _granting),),
    # A key is named by KMS: its first policy and tags need the permission on any key.
    "CreateKey": (
        Need("kms:CreateKey", context={"kms:calleraccount": "{account}"}),
        Need("kms:TagResource", (NEW,), {"kms:calleraccount": "{account}"}, when="Tags"),
    ),
    "CreateAlias": (Need("kms:CreateAlias", (ALIAS, _key), _about),),
    "UpdateAlias": (Need("kms:UpdateAlias", (ALIAS, _aliased, _key), _about),),
    "DeleteAlias": (Need("kms:DeleteAlias", (ALIAS, _aliased), _about_aliased),),
    **on("*", "kms", "ListAliases", "ListKeys"),
}
TABLES = {"kms": TABLE}


def implied(access: Access, asked: Asked | None = None) -> list[Access]:
    """What an access to something encrypted with a key of the account's needs of that key.

    Sources: S3 User Guide, "Using server-side encryption with AWS KMS keys" (a key to write with, Decrypt to read, and
    both to write in parts) and "Amazon S3 Bucket Keys" (then the encryption context is the bucket); SNS and SQS
    Developer Guides, "Key management" (GenerateDataKey and Decrypt to send, Decrypt to receive).

    Args:
        access: An access that :func:`~localcloud.authorization.derivation.derive` found, or that a service is
            about to make in a role's name.
        asked: The request that it is of, which may name a key of its own.
    """
    arn = access.resources[0]
    if access.action in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"):
        return _of_object(access.action, arn, asked)
    if access.action == "sns:Publish" and arn.count(":") == 5:
        topic = sns_backends[arn.split(":")[4]][arn.split(":")[3]].topics.get(arn)
        return _of_messages(arn, getattr(topic, "kms_master_key_id", None), "sns", sending=True)
    if access.action in ("sqs:SendMessage", "sqs:ReceiveMessage") and arn.count(":") == 5:
        queue = sqs_backends[arn.split(":")[4]][arn.split(":")[3]].queues.get(arn.rpartition(":")[2])
        key = getattr(queue, "kms_master_key_id", None)
        return _of_messages(arn, key, "sqs", sending=access.action == "sqs:SendMessage")
    return []


def _of_object(action: str, arn: str, asked: Asked | None) -> list[Access]:
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
    return _uses(
        found,
        actions,
        f"s3.{bucket.region_name}.amazonaws.com",
        {"aws:s3:arn": f"arn:aws:s3:::{name}" if by_bucket else arn},
    )


def _of_messages(arn: str, key: str | None, service: str, *, sending: bool) -> list[Access]:
    _, _, _, region, account, _ = arn.split(":", 5)
    found = arn_of(key, account, region) if key else None
    if found is None:
        return []
    actions = ("kms:GenerateDataKey", "kms:Decrypt") if sending else ("kms:Decrypt",)
    return _uses(found, actions, f"{service}.{region}.amazonaws.com", {f"aws:{service}:arn": arn})


def _uses(key: str, actions: Iterable[str], service: str, encryption_context: dict[str, str]) -> list[Access]:
    context = {
        "kms:calleraccount": (key.split(":")[4],),
        "kms:viaservice": (service,),
        **tags(key),
        **_encryption_context(encryption_context),
    }
    return [Access(action, (key,), context) for action in actions]
