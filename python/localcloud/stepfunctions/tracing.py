"""X-Ray: one trace has an execution, its states and the functions that they call.

AWS: Step Functions Developer Guide, Trace Step Functions request data in AWS X-Ray.

Example (not run: it needs a running cloud)::

    found = xray.get_trace_summaries(StartTime=start, EndTime=end)["TraceSummaries"]
    xray.batch_get_traces(TraceIds=[found[0]["Id"]])["Traces"][0]["Segments"]  # the state machine's first
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from localcloud.iam.acting import Acting
from localcloud.iam.roles import Roles
from localcloud.identifiers import hexadecimal
from localcloud.stepfunctions.language.scope import Json
from localcloud.stepfunctions.models import Execution
from localcloud.xray.segments import new_trace_id, parsed, present, send

# The permissions that the state machine's role needs, according to the guide above.
NEEDS = ("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets")

SHOWN = {"stateEnteredEventDetails", "stateExitedEventDetails"}


@dataclass
class Trace:
    """The trace of one execution.

    Attributes:
        trace_id: ``1-69834f7f-…``.
        parent: The id of the caller's segment. None without a caller.
        segment: The id of the state machine's segment.
        calls: The name of the state that made a call, by the id of the call's subsegment.
        events: The events of the history that say when a state was entered or left.
    """

    trace_id: str
    parent: str | None
    segment: str = field(default_factory=lambda: hexadecimal(16))
    calls: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Json]] = field(default_factory=list)


class ExecutionTraces:
    """Sends the segments of traced executions, and passes the trace header to the functions they call."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self._traces: dict[str, Trace] = {}

    def started(self, execution: Execution) -> None:
        """Begin a trace, or go on with the caller's."""
        given = parsed(execution.trace_header)
        if execution.revision.tracing.get("enabled") and given.get("Sampled") != "0" and not execution.map_run_arn:
            self._traces[execution.arn] = Trace(given.get("Root") or new_trace_id(), given.get("Parent"))

    def wrote(self, execution: Execution, events: list[dict[str, Json]]) -> None:
        """Note when states were entered and left."""
        if trace := self._traces.get(execution.arn):
            trace.events += [event for event in events if event.keys() & SHOWN]

    def header(self, execution: Execution, state: str) -> str | None:
        """The header for a call that a state makes."""
        trace = self._traces.get(execution.arn)
        if trace is None:
            return None
        subsegment = hexadecimal(16)
        trace.calls[subsegment] = state
        return f"Root={trace.trace_id};Parent={subsegment};Sampled=1"

    def ended(self, execution: Execution) -> None:
        """Send the execution's segment."""
        trace = self._traces.pop(execution.arn, None)
        if trace is None:
            return
        region, account = execution.arn.split(":")[3:5]
        role = Acting(self._roles, execution.revision.role_arn, account, region, "states")
        send(role, NEEDS, machine_segment(execution, trace))


def machine_segment(execution: Execution, trace: Trace) -> dict[str, Any]:
    """An execution's segment, built from its history. It has a subsegment for each state and call."""
    subsegments = []
    begun: dict[str, float] = {}
    ids: dict[str, list[str]] = {}
    for identity, state in trace.calls.items():
        ids.setdefault(state, []).append(identity)
    for event in trace.events:
        moment = event["timestamp"]
        if details := event.get("stateEnteredEventDetails"):
            begun[details["name"]] = moment
        elif details := event.get("stateExitedEventDetails"):
            name = details["name"]
            for identity in ids.pop(name, []) or [hexadecimal(16)]:
                found = {"name": name, "id": identity, "start_time": begun.get(name, moment), "end_time": moment}
                subsegments.append({**found, "namespace": "aws"} if identity in trace.calls else found)
    end = execution.stopped or execution.started
    for name, left in ids.items():  # failed states have no stateExited event
        for identity in left:
            found = {"name": name, "id": identity, "start_time": begun.get(name, end), "end_time": end}
            subsegments.append({**found, "namespace": "aws", "fault": True})
    segment = {
        "name": execution.machine_arn.rpartition(":")[2],
        "id": trace.segment,
        "trace_id": trace.trace_id,
        "parent_id": trace.parent,
        "start_time": execution.started,
        "end_time": end,
        "origin": "AWS::StepFunctions::StateMachine",
        "annotations": {"execution": execution.arn},
        "subsegments": subsegments,
    }
    failed = {} if execution.status == "SUCCEEDED" else {"fault": True}
    return {**present(segment), **failed}
