"""What sending and receiving messages needs of the key that a topic or a queue has.

AWS: SNS and SQS Developer Guides, "Key management": GenerateDataKey and Decrypt to send, Decrypt to receive.
"""

from __future__ import annotations

from localcloud.iam.evaluation import Access
from localcloud.kms.keys import arn_of, uses


def implied(arn: str, key: str | None, service: str, *, sending: bool) -> list[Access]:
    """What a message to or from a topic or queue needs of its key, where it has one of the account's.

    Args:
        arn: The topic's or queue's.
        key: The key as the topic or queue calls it.
        service: ``sns`` or ``sqs``.
    """
    _, _, _, region, account, _ = arn.split(":", 5)
    found = arn_of(key, account, region) if key else None
    if found is None:
        return []
    actions = ("kms:GenerateDataKey", "kms:Decrypt") if sending else ("kms:Decrypt",)
    return uses(found, actions, f"{service}.{region}.amazonaws.com", {f"aws:{service}:arn": arn})
