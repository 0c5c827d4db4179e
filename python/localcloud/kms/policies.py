"""The policies of keys, and the grants on them as statements."""

from __future__ import annotations

from moto.kms.models import Grant, kms_backends

from localcloud.iam.policies import Condition, Element, Statement, read


def policy_of(account: str, region: str, arn: str) -> tuple[Statement, ...] | None:
    """A key's policy and grants; None if there is no such key."""
    key = kms_backends[account][region].keys.get(arn.rpartition("/")[2])
    if key is None:
        return None
    return read(key.policy, f"key/{key.id}") + tuple(_granted(key.arn, grant) for grant in list(key.grants.values()))


def _granted(arn: str, grant: Grant) -> Statement:
    """A grant as a statement (AWS KMS Developer Guide, "Grants in AWS KMS")."""
    conditions = tuple(
        Condition("StringEquals", f"kms:encryptioncontext:{name}".lower(), (value,))
        for kind in ("EncryptionContextSubset", "EncryptionContextEquals")
        for name, value in (grant.constraints or {}).get(kind, {}).items()
    )
    if exactly := (grant.constraints or {}).get("EncryptionContextEquals"):
        conditions += (Condition("ForAllValues:StringEquals", "kms:encryptioncontextkeys", tuple(exactly)),)
    kind = "Service" if grant.grantee_principal.endswith(".amazonaws.com") else "AWS"
    return Statement(
        source=f"key/{grant.key_id.rpartition('/')[2]}/grant/{grant.name or grant.id}",
        effect="Allow",
        action=Element(tuple(f"kms:{operation}" for operation in grant.operations)),
        resource=Element((arn,)),
        principal=Element((f"{kind} {grant.grantee_principal}",)),
        conditions=conditions,
    )
