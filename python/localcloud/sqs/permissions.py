"""The permissions of SQS's operations."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.iam.needs import Asked, Need, on
from localcloud.sqs import addresses
from localcloud.sqs.moves import source_of


def queue(asked: Asked) -> Iterable[str]:
    """A queue's ARN, from its URL or name.

    Example::

        >>> url = {"QueueUrl": "http://127.0.0.1:5566/999999999999/a"}
        >>> queue(Asked("SendMessage", url, "us-east-1", "123456789012"))
        ['arn:aws:sqs:us-east-1:999999999999:a']
    """
    found = addresses.read(asked.value("QueueUrl") or asked.value("QueueName") or "*")
    owner = found.account or asked.value("QueueOwnerAWSAccountId") or asked.account
    return [f"arn:aws:sqs:{found.region or asked.region}:{owner}:{found.name}"]


def moved_from(asked: Asked) -> Iterable[str]:
    """The ARN of the dead-letter queue of a task."""
    return [source_of(asked.value("TaskHandle") or "") or f"arn:aws:sqs:{asked.region}:{asked.account}:*"]


BATCHES = ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
# A task needs these on the dead-letter queue (Amazon SQS Developer Guide, dead-letter queue redrive permissions).
MOVING = ("StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
TABLE = {
    "CreateQueue": (Need("sqs:CreateQueue", (queue,)), Need("sqs:TagQueue", (queue,), when="tags")),
    **on(
        queue, "sqs", "AddPermission", "ChangeMessageVisibility", "DeleteMessage", "DeleteQueue", "GetQueueAttributes"
    ),
    **on(queue, "sqs", "GetQueueUrl", "ListDeadLetterSourceQueues", "ListQueueTags", "PurgeQueue", "ReceiveMessage"),
    **on(queue, "sqs", "RemovePermission", "SendMessage", "SetQueueAttributes", "TagQueue", "UntagQueue"),
    **{f"{name}Batch": (Need(f"sqs:{name}", (queue,)),) for name in BATCHES},
    "StartMessageMoveTask": (
        *(Need(f"sqs:{name}", ("{SourceArn}",)) for name in MOVING),
        Need("sqs:SendMessage", ("{DestinationArn}",), when="DestinationArn"),
    ),
    "ListMessageMoveTasks": (Need("sqs:ListMessageMoveTasks", ("{SourceArn}",)),),
    "CancelMessageMoveTask": (Need("sqs:CancelMessageMoveTask", (moved_from,)),),
    **on("*", "sqs", "ListQueues"),
}

TABLES = {"sqs": TABLE}
