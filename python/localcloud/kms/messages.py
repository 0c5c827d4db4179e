"""The permissions on a topic's or queue's KMS key that a message needs.

AWS: SNS and SQS Developer Guides, "Key management": GenerateDataKey and Decrypt to send, Decrypt to receive.
"""

from __future__ import annotations

from localcloud.iam.evaluation import Access
from localcloud.kms.keys import arn_of, uses


def implied(arn: str, key: str | None, service: str, *, sending: bool) -> list[Access]:
    """The accesses to the KMS key of a topic or queue; none if it has no key, or a key of AWS's own.

    Args:
        arn: The topic's or queue's ARN.
        key: The key's identifier, alias or ARN.
        service: ``sns`` or ``sqs``.
        sending: Whether the message is sent, not received.
    """
    _, _, _, region, account, _ = arn.split(":", 5)
    found = arn_of(key, account, region) if key else None
    if found is None:
        return []
    actions = ("kms:GenerateDataKey", "kms:Decrypt") if sending else ("kms:Decrypt",)
    return uses(found, actions, f"{service}.{region}.amazonaws.com", {f"aws:{service}:arn": arn})
