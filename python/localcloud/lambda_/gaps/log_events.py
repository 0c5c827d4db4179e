"""A log group's subscription filter invokes its function later, also behind an alias.

moto: ``awslambda/models.py``, ``LambdaBackend.send_log_event`` runs the function before PutLogEvents is answered, and
drops the qualifier of its ARN.

AWS: Lambda Developer Guide, "Using Lambda with CloudWatch Logs": Lambda is invoked asynchronously, and the event is
compressed and encoded.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from moto.awslambda.models import LambdaBackend


def apply() -> None:
    """Replace moto's function."""

    def send_log_event(
        self: LambdaBackend,
        function_arn: str,
        filter_name: str,
        log_group_name: str,
        log_stream_name: str,
        log_events: list[dict[str, Any]],
    ) -> None:
        data = {
            "messageType": "DATA_MESSAGE",
            "owner": self.account_id,
            "logGroup": log_group_name,
            "logStream": log_stream_name,
            "subscriptionFilters": [filter_name],
            "logEvents": log_events,
        }
        encoded = base64.b64encode(gzip.compress(json.dumps(data, separators=(",", ":")).encode())).decode()
        payload = json.dumps({"awslogs": {"data": encoded}})
        self.invoke(function_arn, None, payload, {"x-amz-invocation-type": "Event"}, {})

    LambdaBackend.send_log_event = send_log_event
