"""Sends the X-Ray segments of functions with active tracing.

AWS: Lambda Developer Guide, Visualize Lambda function invocations using AWS X-Ray.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from localcloud.iam.acting import Acting
from localcloud.identifiers import hexadecimal
from localcloud.xray.segments import parsed, present, send

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

# The permissions that the function's role needs, according to the guide above.
NEEDS = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")


def function_ran(role: Acting, function: LambdaFunction, header: str | None, *, seconds: float, failed: bool) -> None:
    """Send the segment of a run that has just ended.

    Nothing is sent unless the function has active tracing and the caller's trace is sampled.

    Args:
        role: Lambda, acting in the function's role.
        header: The call's X-Amzn-Trace-Id. None if it had none.
        seconds: The duration of the run.
        failed: Whether the function answered with an error.
    """
    given = parsed(header)
    if function.tracing_config.get("Mode") != "Active" or given.get("Sampled") != "1":
        return
    now = time.time()
    segment = {
        "name": function.function_name,
        "id": hexadecimal(16),
        "trace_id": given["Root"],
        "parent_id": given.get("Parent"),
        "start_time": now - seconds,
        "end_time": now,
        "origin": "AWS::Lambda::Function",
        "resource_arn": function.function_arn,
    }
    send(role, NEEDS, {**present(segment), **({"fault": True} if failed else {})})
