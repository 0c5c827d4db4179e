"""The permissions of KMS's operations.

A request names a key by its identifier, an alias or its ARN. Policies always see the ARN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from localcloud.iam.needs import Asked, Given, Need, on
from localcloud.kms.keys import arn_of, attributes, encryption_context, tags

KEY_ID_LENGTH = 36  # a text that moto encrypted begins with the key's identifier


def _key(asked: Asked) -> Iterable[str]:
    called = asked.value("KeyId") or asked.value("TargetKeyId") or _encrypting(asked) or "*"
    return [arn_of(called, asked.account, asked.region) or _unknown(called, asked)]


def _encrypting(asked: Asked) -> str | None:
    """The key of an encrypted text. The text begins with the key's identifier."""
    text = asked.parameters.get("CiphertextBlob")
    return text[:KEY_ID_LENGTH].decode(errors="replace") if isinstance(text, bytes) else None


def _unknown(called: str, asked: Asked) -> str:
    return called if called.startswith("arn:") else f"arn:aws:kms:{asked.region}:{asked.account}:key/{called}"


def _aliased(asked: Asked) -> Iterable[str]:
    """The ARN of an alias's key."""
    found = arn_of(asked.value("AliasName") or "", asked.account, asked.region)
    return [found or _unknown("*", asked)]


def _about_aliased(asked: Asked) -> Given:
    """The condition keys of an alias's key."""
    found: Given = {"kms:calleraccount": (asked.account,)}
    for key in _aliased(asked):
        found |= tags(key)
    return found


def _about(asked: Asked) -> Given:
    """The condition keys of a key and of the use of it."""
    found: Given = {"kms:calleraccount": (asked.account,)}
    called = (asked.value("KeyId") or "").rpartition(":")[2]
    if called.startswith("alias/"):
        found["kms:requestalias"] = (called,)
    for key in _key(asked):
        found |= tags(key) | attributes(key)
    if asked.operation in CRYPTOGRAPHIC:
        algorithm = asked.value("EncryptionAlgorithm") or "SYMMETRIC_DEFAULT"
        found["kms:encryptionalgorithm"] = (algorithm,)
    if asked.operation in ("ListGrants", "RevokeGrant"):
        found["kms:grantisforawsresource"] = ("false",)
    found |= {key: tuple(values) for key, path in GIVEN.items() if (values := asked.values(path))}
    return found | encryption_context(asked.parameters.get("EncryptionContext") or {})


def _granting(asked: Asked) -> Given:
    found = _about(asked) | {"kms:grantisforawsresource": ("false",)}
    if asked.values("Operations"):
        found["kms:grantoperations"] = tuple(asked.values("Operations"))
    if grantee := asked.value("GranteePrincipal"):
        found["kms:granteeprincipal"] = (grantee,)
    constraints = {
        kind: pairs
        for kind, pairs in (asked.parameters.get("Constraints") or {}).items()
        if kind.startswith("EncryptionContext") and isinstance(pairs, Mapping)
    }
    if constraints:
        found["kms:grantconstrainttype"] = tuple(constraints)
    for pairs in constraints.values():
        found |= encryption_context(pairs)
    return found


def _creating(asked: Asked) -> Given:
    found: Given = {
        "kms:calleraccount": (asked.account,),
        "kms:keyorigin": (asked.value("Origin") or "AWS_KMS",),
        "kms:keyspec": (asked.value("KeySpec") or "SYMMETRIC_DEFAULT",),
        "kms:keyusage": (asked.value("KeyUsage") or "ENCRYPT_DECRYPT",),
        "kms:multiregion": (asked.value("MultiRegion") or "false",),
    }
    bypass = asked.value("BypassPolicyLockoutSafetyCheck")
    return found | ({"kms:bypasspolicylockoutsafetycheck": (bypass,)} if bypass else {})


CRYPTOGRAPHIC = ("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
#: The condition keys that are parameters.
GIVEN = {
    "kms:bypasspolicylockoutsafetycheck": "BypassPolicyLockoutSafetyCheck",
    "kms:retiringprincipal": "RetiringPrincipal",
    "kms:rotationperiodindays": "RotationPeriodInDays",
    "kms:schedulekeydeletionpendingwindowindays": "PendingWindowInDays",
}
NEW = "arn:aws:kms:{region}:{account}:key/*"
ALIAS = "arn:aws:kms:{region}:{account}:{AliasName}"
REGIONS = "mrk.kms.amazonaws.com"  # the service that keeps multi-region keys alike
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
    # KMS chooses a key's identifier, so tags at its creation need the permission on any key.
    "CreateKey": (
        Need("kms:CreateKey", context=_creating),
        Need("kms:TagResource", (NEW,), {"kms:calleraccount": "{account}"}, when="Tags"),
        # AWS KMS Developer Guide, "Control access to multi-Region keys": KMS makes a service-linked role.
        Need(
            "iam:CreateServiceLinkedRole",
            (
                f"arn:aws:iam::{{account}}:role/aws-service-role/{REGIONS}/AWSServiceRoleForKeyManagementServiceMultiRegionKeys",
            ),
            {"iam:awsservicename": REGIONS},
            when=lambda asked: asked.value("MultiRegion") == "true",
            tagged=False,
        ),
    ),
    "CreateAlias": (Need("kms:CreateAlias", (ALIAS, _key), _about),),
    "UpdateAlias": (Need("kms:UpdateAlias", (ALIAS, _aliased, _key), _about),),
    "DeleteAlias": (Need("kms:DeleteAlias", (ALIAS, _aliased), _about_aliased),),
    **on("*", "kms", "ListAliases", "ListKeys"),
}
TABLES = {"kms": TABLE}
