"""A flow log can go to a folder of a bucket.

moto: ``ec2/models/flow_logs.py``, ``FlowLogsBackend.create_flow_logs`` takes bucket and folder together for the
bucket's name, and finds no such bucket.

AWS: LogDestination is the ARN of a bucket, with an optional folder: ``bucket_ARN/subfolder_name/`` (Amazon EC2 API
Reference, CreateFlowLogs).
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from moto.ec2.models.flow_logs import FlowLogs, FlowLogsBackend


def apply() -> None:
    create = FlowLogsBackend.create_flow_logs
    order = inspect.signature(create)

    @functools.wraps(create)
    def create_flow_logs(self: FlowLogsBackend, *args: Any, **kwargs: Any) -> tuple[list[FlowLogs], list[Any]]:
        given = order.bind(self, *args, **kwargs)
        destination = given.arguments["log_destination"]
        if given.arguments["log_destination_type"] == "s3" and destination:
            given.arguments["log_destination"] = destination.partition("/")[0]
        made, failed = create(*given.args, **given.kwargs)
        for flow_log in made:
            flow_log.log_destination = destination
        return made, failed

    FlowLogsBackend.create_flow_logs = create_flow_logs
