"""The permissions on a queue's KMS key that sending and receiving need."""

from __future__ import annotations

from moto.sqs.models import sqs_backends

from localcloud.iam.evaluation import Access
from localcloud.iam.needs import Asked
from localcloud.kms import messages

ACTIONS = ("sqs:SendMessage", "sqs:ReceiveMessage")


def implied(access: Access, asked: Asked | None) -> list[Access]:
    """The accesses to the queue's KMS key that one of :data:`ACTIONS` needs."""
    arn = access.resources[0]
    if arn.count(":") != 5:
        return []
    queue = sqs_backends[arn.split(":")[4]][arn.split(":")[3]].queues.get(arn.rpartition(":")[2])
    key = getattr(queue, "kms_master_key_id", None)
    return messages.implied(arn, key, "sqs", sending=access.action == "sqs:SendMessage")
