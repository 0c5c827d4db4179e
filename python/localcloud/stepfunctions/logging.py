"""Executions write their history to the log group of the state machine's logging configuration.

AWS: each event is a JSON object (id, type, details, previous_event_id, event_timestamp in milliseconds, execution_arn).
The level ALL, ERROR, FATAL or OFF chooses the events. Only includeExecutionData adds input and output (Step Functions
Developer Guide, "Using CloudWatch Logs to log execution history").
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from moto.logs.models import logs_backends

from localcloud.logs.finding import existing_group
from localcloud.stepfunctions.language import values
from localcloud.stepfunctions.language.scope import Json
from localcloud.stepfunctions.models import Execution

#: The log stream by which AWS tries out that it may write to the log group.
VALIDATION = "log_stream_created_by_aws_to_validate_log_delivery_subscriptions"
FATAL = ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
_DATA = (
    "input",
    "inputDetails",
    "output",
    "outputDetails",
    "parameters",
    "assignedVariables",
    "assignedVariablesDetails",
)


def wanted(kind: str, level: str) -> bool:
    """Whether a level logs events of a kind.

    Example::

        >>> [wanted(kind, "ERROR") for kind in ("TaskFailed", "FailStateEntered", "PassStateEntered")]
        [True, True, False]
        >>> wanted("TaskFailed", "FATAL"), wanted("ExecutionFailed", "FATAL")
        (False, True)
    """
    if level == "ALL":
        return True
    if level == "ERROR":
        return kind == "FailStateEntered" or kind.endswith(("Failed", "TimedOut", "Aborted"))
    return level == "FATAL" and kind in FATAL


def line(execution_arn: str, event: dict[str, Json], redrives: int, *, data: bool) -> str:
    """An event as a line of the log.

    Args:
        data: Whether inputs and outputs are shown.
    """
    details: dict[str, Json] = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    shown = {name: value for name, value in details.items() if data or name not in _DATA}
    return values.text(
        {
            "id": str(event["id"]),
            "type": event["type"],
            "details": shown,
            "redrive_count": str(redrives),
            "previous_event_id": str(event["previousEventId"]),
            "event_timestamp": str(int(event["timestamp"] * 1000)),
            "execution_arn": execution_arn,
        }
    )


class ExecutionLog:
    """Writes the events of executions to CloudWatch Logs."""

    def started(self, execution: Execution) -> None:
        """Nothing is written before the first event."""

    def ended(self, execution: Execution) -> None:
        """The last event is written already."""

    def header(self, execution: Execution, state: str) -> str | None:
        """Logs pass no header on."""
        return None

    def wrote(self, execution: Execution, events: list[dict[str, Json]]) -> None:
        """Write the events that the level asks for."""
        configuration = execution.revision.logging
        level = configuration.get("level", "OFF")
        chosen = [event for event in events if wanted(event["type"], level)]
        if not chosen:
            return
        data = bool(configuration.get("includeExecutionData"))
        for destination in configuration.get("destinations") or ():
            arn = (destination.get("cloudWatchLogsLogGroup") or {}).get("logGroupArn", "")
            _put(
                execution,
                arn,
                [(event, line(execution.arn, event, execution.redrive_count, data=data)) for event in chosen],
            )


def stream_of(execution: Execution) -> str:
    """The name of the log stream that the executions of a revision share."""
    moment = datetime.fromtimestamp(execution.revision.updated, UTC)
    machine = execution.machine_arn.rpartition(":")[2]
    mark = hashlib.sha256(f"{execution.machine_arn} {execution.revision.updated}".encode()).hexdigest()[:8]
    return f"states/{machine}/{moment:%Y-%m-%d-%H-%M}/{mark}"


def _put(execution: Execution, group_arn: str, lines: list[tuple[dict[str, Json], str]]) -> None:
    parts = group_arn.split(":")
    if len(parts) < 7:
        return
    region, account, name = parts[3], parts[4], parts[6]
    group = existing_group(account, region, name)
    if group is None:
        return  # as on AWS, an execution goes on without its log group
    stream = stream_of(execution)
    if stream not in group.streams:
        for needed in (VALIDATION, stream):
            logs_backends[account][region].ensure_log_stream(name, needed)
    group.put_log_events(
        stream, [{"timestamp": int(event["timestamp"] * 1000), "message": text} for event, text in lines]
    )
