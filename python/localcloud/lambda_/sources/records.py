"""The records that a function gets for the messages of a queue, and what its answer says of them.

AWS: Lambda Developer Guide, "Using Lambda with Amazon SQS" (example events) and "Handling errors for an SQS event
source in Lambda" (batch item failures).

Example::

    >>> failed(b'{"batchItemFailures": [{"itemIdentifier": "b"}]}', ["a", "b"])
    {'b'}
    >>> failed(b"null", ["a", "b"])
    set()
    >>> sorted(failed(b'{"batchItemFailures": [{"itemIdentifier": "other"}]}', ["a", "b"]))
    ['a', 'b']
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moto.sqs.models import Message

    from localcloud.lambda_.sources.mappings import QueueMapping

MOST_BYTES = 6_291_456 - 64  # of an event's records: the event is a little more
FAILURES = "batchItemFailures"


def record_of(message: Message, mapping: QueueMapping) -> dict[str, Any]:
    """The record of a message that was received."""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    trace = (message.system_attributes or {}).get("AWSTraceHeader") or {}
    further = {
        "SequenceNumber": message.sequence_number,
        "MessageGroupId": message.group_id,
        "MessageDeduplicationId": message.deduplication_id,
        "AWSTraceHeader": trace.get("StringValue"),
        "DeadLetterQueueSourceArn": getattr(message, "dead_letter_source_arn", None),
    }
    attributes |= {name: value for name, value in further.items() if value is not None}
    given = {name: _attribute(value) for name, value in message.message_attributes.items()}
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": given,
        **({"md5OfMessageAttributes": message.attribute_md5} if given else {}),
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.source_arn,
        "awsRegion": mapping.region,
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    text, data = value.get("StringValue"), value.get("BinaryValue")
    return {
        **({"stringValue": text} if text is not None else {}),
        **({"binaryValue": base64.b64encode(data).decode() if isinstance(data, bytes) else data} if data else {}),
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }


def events(records: Sequence[dict[str, Any]], most: int, largest: int = MOST_BYTES) -> Iterator[list[dict[str, Any]]]:
    """Divide records into batches that fit into an event.

    Args:
        most: The batch size.
        largest: The most bytes of an event.

    Example::

        >>> [len(batch) for batch in events([{"body": "x" * 10}] * 5, most=3)]
        [3, 2]
        >>> [len(batch) for batch in events([{"body": "x" * 10}] * 5, most=3, largest=54)]
        [2, 2, 1]
    """
    batch: list[dict[str, Any]] = []
    size = 0
    for record in records:
        length = len(json.dumps(record).encode()) + len(", ")
        if batch and (len(batch) >= most or size + length > largest):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch


def failed(payload: bytes, ids: Collection[str]) -> set[str]:
    """Which messages the answer of a function reports as failed. An answer of another form fails all of them.

    Args:
        payload: The function's answer, JSON.
        ids: The identifiers of the batch's messages.
    """
    try:
        answer = json.loads(payload or b"null")
    except ValueError:
        return set(ids)
    if not answer:
        return set()
    failures = (answer.get(FAILURES) or []) if isinstance(answer, dict) else None
    if not isinstance(failures, list):
        return set(ids)
    found = [one.get("itemIdentifier") if isinstance(one, dict) else None for one in failures]
    return {str(one) for one in found} if all(isinstance(one, str) and one in ids for one in found) else set(ids)
