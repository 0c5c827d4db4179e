"""Reads the states that ran, their time and their attempts from an execution's history.

Example::

    >>> from datetime import timedelta
    >>> now = datetime(2026, 11, 22)
    >>> entered = {"type": "TaskStateEntered", "timestamp": now, "stateEnteredEventDetails": {"name": "Ask the model"}}
    >>> exited = {"type": "TaskStateExited", "timestamp": now + timedelta(seconds=2)}
    >>> state_runs([entered, exited])
    [StateRun(name='Ask the model', kind='Task', status='succeeded', seconds=2.0, attempts=0, error=None)]

API: AWS Step Functions API reference, GetExecutionHistory and HistoryEvent.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class StateRun:
    """One state of an execution.

    Attributes:
        name: The state's name, such as ``Ask the model``.
        kind: ``Task``, ``Choice``, ``Pass`` or ``Fail``.
        status: ``running``, ``succeeded`` or ``failed``.
        seconds: From its begin to its end, with retries and their waits; None while it runs.
        attempts: The number of times its task was started. More than 1 means retries.
        error: The name of the last error.
    """

    name: str
    kind: str
    status: str
    seconds: float | None = None
    attempts: int = 0
    error: str | None = None


def events(sfn: Any, execution_arn: str, *, whole: bool) -> list[dict[str, Any]]:
    """The execution's events, oldest first.

    Args:
        whole: Wait for the execution's last event, which AWS may list a moment after the execution has ended.
    """
    for _ in range(20):
        pages = sfn.get_paginator("get_execution_history").paginate(
            executionArn=execution_arn, includeExecutionData=False, PaginationConfig={"PageSize": 1000}
        )
        found = [event for page in pages for event in page["events"]]
        if not whole or any(e["type"].startswith("Execution") and e["type"] != "ExecutionStarted" for e in found):
            break
        time.sleep(0.25)
    return found


def state_runs(found: Iterable[dict[str, Any]]) -> list[StateRun]:
    """The states that ran, in order.

    Args:
        found: GetExecutionHistory's ``events``, oldest first.
    """
    runs: list[StateRun] = []
    begun: datetime | None = None
    for event in found:
        kind, moment = event["type"], event["timestamp"]
        if kind.endswith("StateEntered"):
            name = event["stateEnteredEventDetails"]["name"]
            runs.append(StateRun(name, kind.removesuffix("StateEntered"), "running"))
            begun = moment
        elif not runs or runs[-1].status != "running":
            continue
        elif kind in ("TaskScheduled", "LambdaFunctionScheduled"):
            runs[-1] = replace(runs[-1], attempts=runs[-1].attempts + 1, error=None)
        elif kind.startswith(("Task", "LambdaFunction")) and kind.endswith(("Failed", "TimedOut")):
            details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
            runs[-1] = replace(runs[-1], error=details.get("error") or "States.Timeout")
        elif kind.endswith("StateExited") or kind in ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"):
            lost = runs[-1].error or not kind.endswith("StateExited")
            assert begun is not None, "a state that runs has been entered"
            seconds = (moment - begun).total_seconds()
            runs[-1] = replace(runs[-1], status="failed" if lost else "succeeded", seconds=seconds)
    return runs
