"""GetBucketNotificationConfiguration shows that a bucket's events go to EventBridge.

moto: ``s3/responses.py``, ``get_bucket_notification`` leaves EventBridgeConfiguration out, so Terraform plans to turn
it on again and again.

AWS: the answer has an empty ``EventBridgeConfiguration`` if delivery to EventBridge is on (Amazon S3 API Reference).
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.s3.responses import S3Response


def apply() -> None:
    without = S3Response.get_bucket_notification

    def get_bucket_notification(self: S3Response) -> Any:
        found = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if not found or found.event_bridge is None:
            return without(self)
        serialized = self.serialized

        def with_event_bridge(result: ActionResult) -> Any:
            return serialized(ActionResult({**result.result, "EventBridgeConfiguration": {}}))

        self.serialized = with_event_bridge
        return without(self)

    S3Response.get_bucket_notification = get_bucket_notification
