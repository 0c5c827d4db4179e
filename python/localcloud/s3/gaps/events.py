"""S3's events for EventBridge have AWS's format, and go to the rules of the default bus.

moto: ``s3/notifications.py``, ``_send_event_bridge_message`` sends ``ObjectCreated`` as the reason, a number as the
time, and ``null`` as the version of an unversioned object. It sends to every bus and hides every failure. It sends an
event about tags whenever an object is put.

AWS: Amazon S3 User Guide, EventBridge event message structure. The reason is PutObject, "POST Object", CopyObject,
CompleteMultipartUpload or DeleteObject. Deletions have a deletion-type. Only versioned objects have a version-id.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from moto.s3 import notifications

from localcloud.events.delivery import send_to_default_bus

REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete": "DeleteObject",
    "s3:ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}
DELETIONS = {
    "s3:ObjectRemoved:Delete": "Permanently Deleted",
    "s3:ObjectRemoved:DeleteMarkerCreated": "Delete Marker Created",
}


def apply() -> None:
    notifications._send_event_bridge_message = send


def send(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
    """Send an object's event to the rules of the bucket's region."""
    from moto.s3.models import s3_backends

    event_name = getattr(event_name, "value", event_name)
    tags = s3_backends[account_id][bucket.partition].tagger
    if event_name == "s3:ObjectTagging:Put" and not tags.get_tag_dict_for_resource(key.arn):
        return
    send_to_default_bus(message(account_id, bucket, event_name, key))


def message(account_id: str, bucket: Any, event_name: str, key: Any) -> dict[str, Any]:
    """The event in the format that EventBridge receives."""
    found = {"key": key.name, "sequencer": f"{time.time_ns():018X}"}
    if event_name not in DELETIONS:
        found |= {"size": key.size, "etag": key.etag.replace('"', "")}
    if bucket.is_versioned:
        found["version-id"] = key.version_id
    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": found,
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": account_id,
        "source-ip-address": "127.0.0.1",
        "reason": REASONS.get(event_name, event_name.split(":")[1]),
    }
    if event_name in DELETIONS:
        detail["deletion-type"] = DELETIONS[event_name]
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": notifications._detail_type(event_name),
        "source": "aws.s3",
        "account": account_id,
        "time": time.time(),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": detail,
    }
