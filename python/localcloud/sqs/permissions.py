"""The permissions of SQS's operations."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.iam.needs import Asked, Need, on


def queue(asked: Asked) -> Iterable[str]:
    """A queue's ARN, from its URL or name."""
    name = (asked.value("QueueUrl") or asked.value("QueueName") or "*").rstrip("/").rpartition("/")[2]
    return [f"arn:aws:sqs:{asked.region}:{asked.account}:{name}"]


BATCHES = ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
TABLE = {
    "CreateQueue": (Need("sqs:CreateQueue", (queue,)), Need("sqs:TagQueue", (queue,), when="tags")),
    **on(
        queue, "sqs", "AddPermission", "ChangeMessageVisibility", "DeleteMessage", "DeleteQueue", "GetQueueAttributes"
    ),
    **on(queue, "sqs", "GetQueueUrl", "ListDeadLetterSourceQueues", "ListQueueTags", "PurgeQueue", "ReceiveMessage"),
    **on(queue, "sqs", "RemovePermission", "SendMessage", "SetQueueAttributes", "TagQueue", "UntagQueue"),
    **{f"{name}Batch": (Need(f"sqs:{name}", (queue,)),) for name in BATCHES},
    **on("*", "sqs", "ListQueues"),
}

TABLES = {"sqs": TABLE}
