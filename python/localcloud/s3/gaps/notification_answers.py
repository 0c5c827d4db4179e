"""GetBucketNotificationConfiguration shows that a bucket's events go to EventBridge, and filters as S3 writes them.

moto: ``s3/responses.py``, ``get_bucket_notification`` leaves EventBridgeConfiguration out, so Terraform plans to turn
it on again and again.

AWS: the answer has an empty ``EventBridgeConfiguration`` if delivery to EventBridge is on (Amazon S3 API Reference).
A filter's names are ``Prefix`` and ``Suffix``, however the request wrote them (aws/aws-sdk, issue 389).
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.s3.responses import S3Response


def apply() -> None:
    """Wrap moto's function."""
    without = S3Response.get_bucket_notification

    def get_bucket_notification(self: S3Response) -> Any:
        found = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if not found:
            return without(self)
        bridge: dict[str, Any] = {} if found.event_bridge is None else {"EventBridgeConfiguration": {}}
        serialized = self.serialized

        def as_s3_writes_it(result: ActionResult) -> Any:
            lists = {field: [_capitalized(one) for one in given] for field, given in result.result.items()}
            return serialized(ActionResult({**lists, **bridge}))

        self.serialized = as_s3_writes_it
        return without(self)

    S3Response.get_bucket_notification = get_bucket_notification


def _capitalized(one: dict[str, Any]) -> dict[str, Any]:
    """A configuration whose filter has the names ``Prefix`` and ``Suffix``."""
    if not (rules := one.get("Filter", {}).get("Key", {}).get("FilterRules")):
        return one
    named = [{**rule, "Name": rule["Name"].capitalize()} for rule in rules]
    return {**one, "Filter": {"Key": {"FilterRules": named}}}
