"""Sends an event to EventBridge when an execution starts and when it ends.

AWS: Step Functions Developer Guide, "Automating Step Functions event delivery with EventBridge". Only Standard
executions have such events, and the executions of a Map run have none here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from localcloud.identifiers import new_uuid
from localcloud.stepfunctions.api import redrive
from localcloud.stepfunctions.language.scope import Json
from localcloud.stepfunctions.models import Execution

KIND = "Step Functions Execution Status Change"
#: The most bytes of an input or output in an event. Longer ones are left out.
MOST_BYTES = 248 * 1024


class StatusChanges:
    """Tells EventBridge's rules of executions.

    Args:
        send: Sends an event to the default event bus of an account's region.
    """

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send

    def started(self, execution: Execution) -> None:
        """An execution has started, or was redriven."""
        self._tell(execution)

    def ended(self, execution: Execution) -> None:
        """An execution has ended."""
        self._tell(execution)

    def wrote(self, execution: Execution, events: list[dict[str, Json]]) -> None:
        """Events of the history are not sent."""

    def header(self, execution: Execution, state: str) -> str | None:
        """No header is passed on."""
        return None

    def _tell(self, execution: Execution) -> None:
        if execution.kind == "STANDARD" and not execution.map_run_arn:
            self._send(message(execution, time.time()))


def message(execution: Execution, now: float) -> dict[str, Any]:
    """The event, in the form that EventBridge receives.

    Args:
        now: The time of the change, in seconds since 1970.
    """
    region, account = execution.arn.split(":")[3:5]
    status, reason = redrive.status(execution, now)
    given, given_details = _data(execution.input)
    output, output_details = _data(execution.output)
    detail = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": _moment(execution.started),
        "stopDate": _moment(execution.stopped),
        "input": given,
        "output": output,
        "stateMachineVersionArn": execution.version_arn,
        "stateMachineAliasArn": execution.alias_arn,
        "redriveCount": execution.redrive_count,
        "redriveDate": _moment(execution.redriven),
        "redriveStatus": status,
        "redriveStatusReason": reason,
        "inputDetails": given_details,
        "outputDetails": output_details,
        "error": execution.error,
        "cause": execution.cause,
    }
    return {
        "version": "0",
        "id": new_uuid(),
        "detail-type": KIND,
        "source": "aws.states",
        "account": account,
        "time": now,
        "region": region,
        "resources": [execution.arn],
        "detail": detail,
    }


def _moment(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)


def _data(text: str | None) -> tuple[str | None, dict[str, bool] | None]:
    if text is None:
        return None, None
    return (None, {"included": False}) if len(text.encode()) > MOST_BYTES else (text, {"included": True})
