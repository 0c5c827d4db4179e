"""X-Ray's segments of functions that trace.

AWS: Lambda Developer Guide, Visualize Lambda function invocations using AWS X-Ray.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from localcloud.iam.acting import Acting
from localcloud.xray.segments import parsed, present, send

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

# What Lambda asks of a function's role, by the guide above.
NEEDS = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")


def function_ran(role: Acting, function: LambdaFunction, header: str | None, *, seconds: float, failed: bool) -> None:
    """Send a function's segment, where it traces and its caller's trace is sampled.

    Args:
        role: Lambda in the function's role.
        header: The tracing header of the call.
        seconds: How long it ran, until now.
        failed: Whether it ended in an error.
    """
    given = parsed(header)
    if function.tracing_config.get("Mode") != "Active" or given.get("Sampled") != "1":
        return
    now = time.time()
    segment = {
        "name": function.function_name,
        "id": uuid.uuid4().hex[:16],
        "trace_id": given["Root"],
        "parent_id": given.get("Parent"),
        "start_time": now - seconds,
        "end_time": now,
        "origin": "AWS::Lambda::Function",
        "resource_arn": function.function_arn,
    }
    send(role, NEEDS, {**present(segment), **({"fault": True} if failed else {})})
