"""Whether an execution can be redriven.

AWS: AWS Step Functions API Reference, RedriveExecution, and redriveStatus of DescribeExecution.
"""

from __future__ import annotations

from localcloud.stepfunctions.models import Execution

DAY = 86_400.0
#: "The execution event history count is less than 24,999."
MOST_EVENTS = 24_999
#: "Your workflow execution has not exceeded the redrivable period of 14 days."
REDRIVABLE = 14 * DAY
#: "The workflow execution has not exceeded the maximum open time of one year."
LONGEST = 365 * DAY


def status(execution: Execution, now: float) -> tuple[str, str | None]:
    """redriveStatus, and redriveStatusReason if it cannot be redriven."""
    reason = refusal(execution, now)
    if reason:
        return "NOT_REDRIVABLE", reason
    return "REDRIVABLE_BY_MAP_RUN" if execution.map_run_arn else "REDRIVABLE", None


def refusal(execution: Execution, now: float) -> str | None:
    """Why an execution cannot be redriven; None if it can."""
    if execution.status not in ("FAILED", "TIMED_OUT", "ABORTED"):
        return f"Execution is {execution.status} and cannot be redriven"
    if execution.events >= MOST_EVENTS:
        return "Execution history event limit exceeded"
    if now - execution.started > LONGEST:
        return "Execution has exceeded the max execution time"
    if now - (execution.stopped or now) > REDRIVABLE:
        return "Execution redrivable period exceeded"
    return None
