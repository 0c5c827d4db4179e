"""What S3 tells of one change of an object: the record of a notification, and the event for EventBridge. Pure.

AWS: Amazon S3 User Guide, "Event message structure" and "EventBridge event message structure". A notification's key is
encoded as in a form: a slash stays, a space is a plus sign. EventBridge's key is not encoded. Only versioned objects
have a version.

Example::

    >>> encoded("images/my photo+1.png")
    'images/my+photo%2B1.png'
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

DELETIONS = {
    "s3:ObjectRemoved:Delete": "Permanently Deleted",
    "s3:ObjectRemoved:DeleteMarkerCreated": "Delete Marker Created",
}
#: EventBridge's detail-type, by the beginning of the event's name.
KINDS = {
    "s3:ObjectCreated:": "Object Created",
    "s3:ObjectRemoved:": "Object Deleted",
    "s3:ObjectRestore:Post": "Object Restore Initiated",
    "s3:ObjectRestore:Completed": "Object Restore Completed",
    "s3:ObjectTagging:Put": "Object Tags Added",
    "s3:ObjectTagging:Delete": "Object Tags Deleted",
    "s3:ObjectAcl:Put": "Object ACL Updated",
}
REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    **dict.fromkeys(DELETIONS, "DeleteObject"),
}
_EMPTY = hashlib.md5(b"", usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Requester:
    """Who has changed an object, and by which request.

    Attributes:
        principal: ``AWS:AIDA…`` for a user, ``AWS:AROA…:SESSION`` for a role.
        request: Sixteen hexadecimal digits.
    """

    principal: str
    address: str
    request: str


@dataclass(frozen=True)
class ObjectEvent:
    """One change of an object.

    Attributes:
        name: ``s3:ObjectCreated:Put``.
        version: Its version's id; None in a bucket that is not versioned.
        size: None for a deletion.
        time: Seconds since 1970.
        sequencer: Hexadecimal digits that grow with each event.
    """

    name: str
    bucket: str
    region: str
    account: str
    key: str
    version: str | None
    size: int | None
    etag: str | None
    requester: Requester
    time: float
    sequencer: str


def record(event: ObjectEvent, configuration: str) -> dict[str, Any]:
    """The message for a function, a queue or a topic.

    Args:
        configuration: The Id of the notification's configuration.
    """
    found: dict[str, Any] = {"key": encoded(event.key)}
    if event.name not in DELETIONS:
        found |= {"size": event.size, "eTag": event.etag}
    elif event.name.endswith(":DeleteMarkerCreated"):
        found |= {"size": 0, "eTag": _EMPTY}
    if event.version is not None:
        found["versionId"] = event.version
    found["sequencer"] = event.sequencer
    plain = event.name.startswith(("s3:ObjectCreated:", "s3:ObjectRemoved:", "s3:ObjectRestore:"))
    one = {
        "eventVersion": "2.1" if plain else "2.3",
        "eventSource": "aws:s3",
        "awsRegion": event.region,
        "eventTime": _moment(event.time),
        "eventName": event.name.removeprefix("s3:"),
        "userIdentity": {"principalId": event.requester.principal},
        "requestParameters": {"sourceIPAddress": event.requester.address},
        "responseElements": {
            "x-amz-request-id": event.requester.request,
            "x-amz-id-2": host_id(event.requester.request),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {
                "name": event.bucket,
                "ownerIdentity": {"principalId": customer(event.account)},
                "arn": f"arn:aws:s3:::{event.bucket}",
            },
            "object": found,
        },
    }
    return {"Records": [one]}


def message(event: ObjectEvent) -> dict[str, Any]:
    """The event in the form that EventBridge receives."""
    found: dict[str, Any] = {"key": event.key}
    if event.name not in DELETIONS:
        found |= {"size": event.size, "etag": event.etag}
    elif event.name.endswith(":DeleteMarkerCreated"):
        found["etag"] = _EMPTY
    if event.version is not None:
        found["version-id"] = event.version
    found["sequencer"] = event.sequencer
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": event.bucket},
        "object": found,
        "request-id": event.requester.request,
        "requester": event.account,
        "source-ip-address": event.requester.address,
    }
    if event.name in REASONS:
        detail["reason"] = REASONS[event.name]
    if event.name in DELETIONS:
        detail["deletion-type"] = DELETIONS[event.name]
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": next(kind for begins, kind in KINDS.items() if event.name.startswith(begins)),
        "source": "aws.s3",
        "account": event.account,
        "time": event.time,
        "region": event.region,
        "resources": [f"arn:aws:s3:::{event.bucket}"],
        "detail": detail,
    }


def test_event(bucket: str, request: str, now: float) -> dict[str, str]:
    """What queues and topics are sent when a bucket is configured."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _moment(now),
        "Bucket": bucket,
        "RequestId": request,
        "HostId": host_id(request),
    }


def encoded(key: str) -> str:
    """A key as notifications have it."""
    return quote_plus(key, safe="/")


def customer(account: str) -> str:
    """The customer ID of an account. It is made from the account's number.

    Example::

        >>> customer("123456789012")
        'A2A33349E7E606'
    """
    return f"A{hashlib.sha256(account.encode()).hexdigest()[:13].upper()}"


def host_id(request: str) -> str:
    """The x-amz-id-2 of a request."""
    return base64.b64encode(hashlib.sha384(request.encode()).digest()).decode()


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
