"""Follows one execution: its description, its graph, and the events that are new.

Example (not run: it needs a running cloud)::

    watch = ExecutionWatch(desk.client("stepfunctions"), arn)
    for message in watch.news(): ...    # the first time everything, then what has changed
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from scones.console import answers, graph, live
from scones.errors import WorkflowError
from scones.service.workflow import history

PAGE = 1000  # events; AWS gives no more at once
NEWS = 10  # events that are asked for again and again while the execution runs
AT_ONCE = 2000  # events of one message
SHORT = 300  # letters of a text that stand in a list
KEPT = 12  # executions whose events are in memory
UNENDED = ("RUNNING", "PENDING_REDRIVE")


class ExecutionWatch:
    """One execution. Several browsers may look at it at once.

    Args:
        sfn: The client of Step Functions.
        arn: The execution's ARN.
    """

    def __init__(self, sfn: Any, arn: str) -> None:
        self._sfn, self.arn = sfn, arn
        self._lock = threading.Lock()
        self.events: list[Mapping[str, Any]] = []
        self.reader = history.Reader()
        self._visits: list[history.VisitedState | None] = []
        self._token: str | None = None
        self._whole = False

    def described(self) -> dict[str, Any]:
        """DescribeExecution's answer.

        Raises:
            WorkflowError: There is no such execution.
        """
        try:
            found = self._sfn.describe_execution(executionArn=self.arn)
        except (self._sfn.exceptions.ExecutionDoesNotExist, self._sfn.exceptions.InvalidArn):
            raise WorkflowError(f"there is no execution {self.arn}") from None
        return {name: value for name, value in found.items() if name != "ResponseMetadata"}

    def definition(self) -> dict[str, Any]:
        """The definition that the execution follows, and its role."""
        found = self._sfn.describe_state_machine_for_execution(executionArn=self.arn)
        return {"definition": json.loads(found["definition"]), "role_arn": found["roleArn"]}

    def advance(self) -> bool:
        """Read the next events. Returns whether there are more at once."""
        with self._lock:
            if not self._whole:
                more = {"nextToken": self._token} if self._token else {}
                found = self._sfn.get_execution_history(
                    executionArn=self.arn, maxResults=PAGE, includeExecutionData=True, **more
                )
                self._add(found["events"])
                self._token = found.get("nextToken")
                self._whole = self._token is None
                return not self._whole
            return self._add_newest()

    def _add_newest(self) -> bool:
        known = self.events[-1]["id"] if self.events else 0
        newest: list[Mapping[str, Any]] = []
        more: dict[str, str] = {}
        while True:
            found = self._sfn.get_execution_history(
                executionArn=self.arn, maxResults=NEWS, reverseOrder=True, includeExecutionData=True, **more
            )
            newest += [event for event in found["events"] if event["id"] > known]
            if len(newest) % NEWS or not newest or not found.get("nextToken"):
                break
            more = {"nextToken": found["nextToken"]}
        self._add(newest[::-1])
        return False

    def _add(self, events: list[Mapping[str, Any]]) -> None:
        for event in events:
            self._visits.append(self.reader.read(event))
            self.events.append(event)

    def run(self, entered: int) -> history.VisitedState | None:
        """The run of a state, by the id of the event that says that it was entered."""
        return next((one for one in self.reader.runs if one.entered == entered), None)

    def event(self, number: int) -> Mapping[str, Any] | None:
        """An event, by its id."""
        return next((one for one in self.events if one["id"] == number), None)

    def news(self) -> Callable[[], Iterator[dict[str, Any]]]:
        """A function that gives what is new since its last call. It raises StopIteration after the execution's end."""
        sent, running = 0, set[int]()
        begun = ended = False
        described: dict[str, Any] | None = None

        def look() -> Iterator[dict[str, Any]]:
            nonlocal sent, described, begun, ended
            if ended:
                raise StopIteration
            if not begun:
                found = self.definition()
                begun = True
                # The graph is drawn while the events are read.
                return iter([{"graph": asdict(graph.of(found["definition"])), **found}, live.MORE])
            messages: list[dict[str, Any]] = []
            more = self.advance()
            with self._lock:
                events, visits = self.events[sent : sent + AT_ONCE], self._visits[sent : sent + AT_ONCE]
                more = more or sent + AT_ONCE < len(self.events)
                # The execution's end also ends the states that ran.
                touched = {one.entered: one for one in visits if one}
                has_ended = any(event["type"] in history.ENDINGS for event in events)
                if has_ended:
                    touched |= {one.entered: one for one in self.reader.runs if one.entered in running}
                runs = [brief(touched[entered]) for entered in sorted(touched)]
            running.difference_update(one["entered"] for one in runs)
            running.update(one["entered"] for one in runs if one["status"] == "running")
            sent += len(events)
            if events:
                names = [one.name if one else None for one in visits]
                messages.append({"events": list(map(line, events, names)), "runs": runs})
            # The history tells when to look at the rest: a look at an execution that waits is one call.
            before = described
            if described is None or has_ended or (_is_over(self.reader.status) and described["status"] in UNENDED):
                described = self.described()
            ended = described["status"] not in UNENDED and not more and _is_over(self.reader.status)
            changed = described != before
            if changed or ended:
                answer = answers.of(described, [one.output for one in self.reader.runs])
                messages.append({"answer": asdict(answer), **({"execution": described} if changed else {})})
            return iter([*messages, live.MORE] if more else messages)

        return look


class ExecutionWatches:
    """The executions that were looked at last. Their events stay in memory, because a history does not change."""

    def __init__(self) -> None:
        self._watches: OrderedDict[str, ExecutionWatch] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, sfn: Any, arn: str) -> ExecutionWatch:
        """The watch of an execution."""
        with self._lock:
            found = self._watches.pop(arn, None) or ExecutionWatch(sfn, arn)
            self._watches[arn] = found
            while len(self._watches) > KEPT:
                self._watches.popitem(last=False)
            return found


def _is_over(status: str) -> bool:
    """Whether a history has its last event, by :attr:`Reader.status`."""
    return status != "running"


def brief(run: history.VisitedState) -> dict[str, Any]:
    """A run of a state without its long texts."""
    return {
        "entered": run.entered,
        "name": run.name,
        "kind": run.kind,
        "status": run.status,
        "began": run.began,
        "seconds": run.seconds,
        "attempts": run.attempts,
        "error": run.error,
        "cause": (run.cause or "")[:SHORT],
        "function": run.function,
        "map_run": run.map_run,
    }


def line(event: Mapping[str, Any], state: str | None) -> dict[str, Any]:
    """An event as a line of a list."""
    about = history.details(event)
    said = about.get("error") or about.get("name") or about.get("resource") or ""
    return {
        "id": event["id"],
        "type": event["type"],
        "at": event["timestamp"],
        "state": state,
        "about": str(said)[:SHORT],
    }
