"""A key's ARN means a key of its own region and account.

moto reads what stands behind ``:key/`` or ``:alias/``. So an ARN of another region, account or service would mean the
key of that name here.

AWS: AWS KMS API Reference, the errors NotFoundException and InvalidArnException. Another region's ARN is answered with
NotFoundException, "Invalid arn us-west-1" (nakedible/openssl-engine-kms, issue 1; kube-aws, issue 1041). There is no
other account here, so no key of one exists. The reference does not document the words for an ARN that is not KMS's.
"""

from __future__ import annotations

from moto.core.utils import get_service_model

from localcloud import arns
from localcloud.iam.needs import Asked

NOT_FOUND, INVALID = "NotFoundException", "InvalidArnException"
#: The members that name a key.
MEMBERS = ("KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId")
KINDS = ("key", "alias")


def refused(asked: Asked) -> tuple[str, str] | None:
    """The error code and the message for a request with a key's ARN that is not of here; None if it has none.

    Example::

        >>> there = {"KeyId": "arn:aws:kms:eu-west-1:123456789012:key/0a1b"}
        >>> refused(Asked("DescribeKey", there, "us-east-1", "123456789012"))
        ('NotFoundException', 'Invalid arn eu-west-1')
    """
    for member in MEMBERS:
        text = asked.value(member) or ""
        if not text.startswith("arn:"):
            continue
        found = arns.read(text)
        if found is None or (found.partition, found.service) != (arns.PARTITION, "kms") or found.kind not in KINDS:
            return (INVALID if INVALID in _errors(asked.operation) else NOT_FOUND), f"Invalid arn {text}"
        if found.region != asked.region:
            return NOT_FOUND, f"Invalid arn {found.region}"
        if found.account != asked.account:
            words = f"Key '{text}' does not exist" if found.kind == "key" else f"Alias {text} is not found."
            return NOT_FOUND, words
    return None


def _errors(operation: str) -> set[str]:
    return {shape.name for shape in get_service_model("kms").operation_model(operation).error_shapes}
