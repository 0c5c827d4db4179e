"""What Lambda says of an event that has ended: the record for a destination, the message for a dead-letter queue. Pure.

AWS: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".

Example::

    >>> event = AcceptedEvent(
    ...     1, "arn:aws:lambda:us-east-1:123456789012:function:f", '{"n": 1}', "8f3a", 0.0, 0.0, attempts=3,
    ...     answer=LastAnswer("$LATEST", '{"errorMessage": "no"}', failed=True), ended="RetriesExhausted",
    ... )
    >>> record(event, now=0.0)["requestContext"]["condition"]
    'RetriesExhausted'
    >>> dead_letter_attributes(event)
    {'RequestID': ('String', '8f3a'), 'ErrorCode': ('Number', '200'), 'ErrorMessage': ('String', 'no')}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localcloud.lambda_.later.accepted import AcceptedEvent, LastAnswer
from localcloud.lambda_.later.rules import NO_CONCURRENCY, SUCCESS

LONGEST_MESSAGE = 1024  # bytes of ErrorMessage
LARGEST_NOTIFICATION = 262_144  # bytes of a message of SNS
THROTTLED = (429, "Rate Exceeded.")


def record(event: AcceptedEvent, *, now: float) -> dict[str, Any]:
    """The invocation record of an event that has ended."""
    found: dict[str, Any] = {
        "version": "1.0",
        "timestamp": _stamp(now),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": qualified(event),
            "condition": event.ended,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": json.loads(event.payload or "{}"),
    }
    if event.answer is not None:
        found["responseContext"] = {"statusCode": 200, "executedVersion": event.answer.version}
        if event.answer.failed:
            found["responseContext"]["functionError"] = "Unhandled"
        found["responsePayload"] = _value(event.answer)
    return found


def notification(event: AcceptedEvent, *, now: float) -> str:
    """The record as a message of SNS. A record of a failure that is too large has no payloads.

    AWS: Lambda API Reference, OnFailure.
    """
    found = record(event, now=now)
    text = json.dumps(found)
    if event.ended != SUCCESS and len(text.encode()) > LARGEST_NOTIFICATION:
        return json.dumps({name: part for name, part in found.items() if not name.endswith("Payload")})
    return text


def bus_event(event: AcceptedEvent, destination: str, *, now: float) -> dict[str, Any]:
    """The record as an entry of EventBridge's PutEvents."""
    result = "Success" if event.ended == SUCCESS else "Failure"
    return {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {result}",
        "Detail": json.dumps(record(event, now=now)),
        "Resources": [qualified(event), destination],
        "EventBusName": destination,
    }


def object_key(event: AcceptedEvent, *, now: float, unique: str) -> str:
    """The key of the record in a bucket: ``aws/lambda/async/NAME/2026/01/28/2026-01-28T12.09.35-UNIQUE``."""
    when = datetime.fromtimestamp(now, UTC)
    return f"aws/lambda/async/{event.name}/{when:%Y/%m/%d}/{when:%Y-%m-%dT%H.%M.%S}-{unique}"


def dead_letter_attributes(event: AcceptedEvent) -> Mapping[str, tuple[str, str]]:
    """The attributes of the message to a dead-letter queue: their types and values."""
    status, message = 200, ""
    if event.answer is not None:
        value = _value(event.answer)
        message = str(value.get("errorMessage", "")) if isinstance(value, dict) else event.answer.payload
    if event.refusal is not None:
        status, message = event.refusal
    elif event.ended == NO_CONCURRENCY:
        status, message = THROTTLED
    cut = message.encode()[:LONGEST_MESSAGE].decode(errors="ignore")
    attributes = {"RequestID": ("String", event.request_id), "ErrorCode": ("Number", str(status))}
    return {**attributes, **({"ErrorMessage": ("String", cut)} if cut else {})}  # an empty one is not allowed


def qualified(event: AcceptedEvent) -> str:
    """The ARN of the request. Without a qualifier, ``$LATEST`` is invoked."""
    return f"{event.function_arn}:{event.qualifier or '$LATEST'}"


def _value(answer: LastAnswer) -> Any:
    try:
        return json.loads(answer.payload or "null")
    except ValueError:  # a handler may answer with bytes that are no JSON
        return answer.payload


def _stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
