"""What became of an execution's states, from its history.

Example::

    >>> at = datetime(2026, 11, 30)
    >>> events = [
    ...     {"id": 1, "previousEventId": 0, "type": "ExecutionStarted", "timestamp": at},
    ...     {"id": 2, "previousEventId": 0, "type": "TaskStateEntered", "timestamp": at,
    ...      "stateEnteredEventDetails": {"name": "Ask", "input": "{}"}},
    ...     {"id": 3, "previousEventId": 2, "type": "TaskScheduled", "timestamp": at},
    ... ]
    >>> run, = runs(events)
    >>> run.name, run.status, run.attempts
    ('Ask', 'running', 1)

States inside of a Map or Parallel state run several times at once. So an event belongs to the state of the event before
it (``previousEventId``), and not to the state that was entered last.

API: AWS Step Functions API reference, GetExecutionHistory and HistoryEvent.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

ENDINGS = {
    "ExecutionSucceeded": "succeeded",
    "ExecutionFailed": "failed",
    "ExecutionTimedOut": "failed",
    "ExecutionAborted": "aborted",
}


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


@dataclass
class VisitedState:
    """One run of a state.

    Attributes:
        entered: The id of the event that says that it was entered.
        status: ``running``, ``succeeded``, ``caught`` (an error led to another state), ``failed`` or ``aborted``.
        attempts: How often its task was begun.
        input: The state's input, as JSON text. None where the history has none.
        output: The state's output, as JSON text. None until it has ended.
        error: The last error's name.
        cause: The last error's text.
        function: The ARN or name of the Lambda function that it called.
        map_run: The ARN of its Map run.
    """

    name: str
    kind: str
    entered: int
    began: datetime
    status: str = "running"
    ended: datetime | None = None
    attempts: int = 0
    input: str | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    function: str | None = None
    map_run: str | None = None

    @property
    def seconds(self) -> float | None:
        """From its begin to its end, with all attempts; None while it runs."""
        return None if self.ended is None else (self.ended - self.began).total_seconds()


@dataclass
class Reader:
    """Reads events as they come, oldest first.

    Attributes:
        runs: The runs of states, in the order in which they began.
        status: The execution's: ``running``, ``succeeded``, ``failed`` or ``aborted``.
    """

    runs: list[VisitedState] = field(default_factory=list)
    status: str = "running"
    _of_event: dict[int, VisitedState] = field(default_factory=dict)

    def read(self, event: Mapping[str, Any]) -> VisitedState | None:
        """Take an event up. Returns the run that it belongs to; None for the execution's own events."""
        kind, moment = event["type"], event["timestamp"]
        if kind.endswith("StateEntered"):
            entered = event["stateEnteredEventDetails"]
            run = VisitedState(entered["name"], kind.removesuffix("StateEntered"), event["id"], moment)
            run.input = entered.get("input")
            self.runs.append(run)
            self._of_event[event["id"]] = run
            return run
        if kind in ENDINGS:
            self._end(kind, event, moment)
            return None
        if kind == "ExecutionRedriven":
            self.status = "running"
            return None
        found = self._of_event.get(event.get("previousEventId", 0))
        if found is None:
            return None
        self._of_event[event["id"]] = found
        self._take(found, kind, event, moment)
        return found

    def _take(self, run: VisitedState, kind: str, event: Mapping[str, Any], moment: datetime) -> None:
        about = details(event)
        if kind.endswith("StateExited"):
            run.status = "caught" if run.error else "succeeded"
            run.ended, run.output = moment, about.get("output")
        elif kind in ("TaskScheduled", "LambdaFunctionScheduled"):
            run.attempts += 1
            run.error = run.cause = None
            run.function = _function(about) or run.function
        elif kind == "MapRunStarted":
            run.map_run = about.get("mapRunArn")
        elif kind.endswith(("Failed", "TimedOut", "Aborted")) and not kind.startswith("Execution"):
            run.error = about.get("error") or ("States.Timeout" if kind.endswith("TimedOut") else "States.TaskFailed")
            run.cause = about.get("cause")

    def _end(self, kind: str, event: Mapping[str, Any], moment: datetime) -> None:
        self.status = ENDINGS[kind]
        about = details(event)
        for run in self.runs:
            if run.status == "running":
                run.status, run.ended = ("failed" if self.status == "failed" else "aborted"), moment
                if self.status == "failed":
                    run.error, run.cause = run.error or about.get("error"), run.cause or about.get("cause")


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


def state_runs(found: Iterable[Mapping[str, Any]]) -> list[StateRun]:
    """The states that ran, in order, each in short.

    Args:
        found: GetExecutionHistory's ``events``, oldest first.
    """
    return [_in_short(run) for run in runs(found)]


def _in_short(run: VisitedState) -> StateRun:
    """A run whose error was caught has failed. A Fail state has no error of its own: it ends the execution with one."""
    status = run.status if run.status in ("running", "succeeded") else "failed"
    return StateRun(run.name, run.kind, status, run.seconds, run.attempts, None if run.kind == "Fail" else run.error)


def runs(found: Iterable[Mapping[str, Any]]) -> list[VisitedState]:
    """The runs of states in a history, oldest first."""
    reader = Reader()
    for event in found:
        reader.read(event)
    return reader.runs


def details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an event says beside its type and its time.

    Example::

        >>> details({"type": "TaskFailed", "taskFailedEventDetails": {"error": "Boom"}})
        {'error': 'Boom'}
    """
    return next((value for name, value in event.items() if name.endswith("EventDetails")), {})


def _function(about: Mapping[str, Any]) -> str | None:
    """The Lambda function that a task calls: ``lambda:invoke`` has it in its parameters, else it is the resource."""
    try:
        given = json.loads(about.get("parameters") or "{}")
    except ValueError:
        return None
    if isinstance(given, dict) and isinstance(given.get("FunctionName"), str):
        return str(given["FunctionName"])
    resource = str(about.get("resource", ""))
    return resource if ":function:" in resource else None
