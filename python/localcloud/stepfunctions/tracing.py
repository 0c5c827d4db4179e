"""X-Ray: one trace has an execution, its states and the functions that they call.

moto's interpreter does not pass on the trace header.

AWS: Step Functions Developer Guide, Trace Step Functions request data in AWS X-Ray.

Example (not run: it needs a running cloud)::

    found = xray.get_trace_summaries(StartTime=start, EndTime=end)["TraceSummaries"]
    xray.batch_get_traces(TraceIds=[found[0]["Id"]])["Traces"][0]["Segments"]  # the state machine's first
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localcloud.context import Context
from localcloud.iam.acting import Acting
from localcloud.xray.segments import HEADER, new_trace_id, parsed, present, send

# The permissions that the state machine's role needs, according to the guide above.
NEEDS = ("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets")


@dataclass
class Trace:
    """The trace of one execution.

    Attributes:
        trace_id: ``1-69834f7f-…``.
        parent: The id of the caller's segment. None without a caller.
        segment: The id of the state machine's segment.
        calls: The name of the state that made a call, by the id of the call's subsegment.
    """

    trace_id: str
    parent: str | None
    segment: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    calls: dict[str, str] = field(default_factory=dict)


def install(context: Context) -> None:
    """Make traced state machines send their segments, and pass the trace header to the functions they call."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
    from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution

    traces: dict[str, Trace] = {}
    calling = threading.local()
    start, terminated = Execution.start, BaseExecutionWorkerCommunication.terminated
    call, client_for = lambda_eval_utils.execute_lambda_function_integration, lambda_eval_utils.boto_client_for

    def traced_start(self: Execution) -> None:
        configuration = getattr(self.state_machine, "tracingConfiguration", None) or {}
        given = parsed(self.trace_header)
        if configuration.get("enabled") and given.get("Sampled") != "0":
            traces[self.exec_arn] = Trace(given.get("Root") or new_trace_id(), given.get("Parent"))
        start(self)

    def traced_call(env: Any, *args: Any, **kwargs: Any) -> Any:
        data = env.states.context_object.context_object_data
        trace = traces.get(data["Execution"]["Id"])
        if trace is None:
            return call(env, *args, **kwargs)
        subsegment = uuid.uuid4().hex[:16]
        trace.calls[subsegment] = data["State"]["Name"]
        calling.header = f"Root={trace.trace_id};Parent={subsegment};Sampled=1"
        try:
            return call(env, *args, **kwargs)
        finally:
            calling.header = None

    def pass_on(params: dict[str, Any], **_: Any) -> None:
        if header := getattr(calling, "header", None):
            params["headers"][HEADER] = header

    def traced_client(*args: Any, **kwargs: Any) -> Any:
        client = client_for(*args, **kwargs)
        client.meta.events.register("before-call.lambda.Invoke", pass_on, unique_id="traces")
        return client

    def traced_end(self: BaseExecutionWorkerCommunication) -> None:
        terminated(self)
        execution = self.execution
        trace = traces.pop(execution.exec_arn, None)
        if trace:
            role = Acting(context.roles, execution.role_arn, execution.account_id, execution.region_name, "states")
            send(role, NEEDS, machine_segment(execution, trace))

    Execution.start, BaseExecutionWorkerCommunication.terminated = traced_start, traced_end
    lambda_eval_utils.execute_lambda_function_integration = traced_call
    lambda_eval_utils.boto_client_for = traced_client


def machine_segment(execution: Any, trace: Trace) -> dict[str, Any]:
    """An execution's segment, built from its history. It has a subsegment for each state and call."""
    subsegments = []
    begun: dict[str, float] = {}
    ids: dict[str, list[str]] = {}
    for identity, state in trace.calls.items():
        ids.setdefault(state, []).append(identity)
    for event in execution.to_history_output()["events"]:
        moment = _seconds(event["timestamp"])
        if details := event.get("stateEnteredEventDetails"):
            begun[details["name"]] = moment
        elif details := event.get("stateExitedEventDetails"):
            name = details["name"]
            for identity in ids.pop(name, []) or [uuid.uuid4().hex[:16]]:
                found = {"name": name, "id": identity, "start_time": begun.get(name, moment), "end_time": moment}
                subsegments.append({**found, "namespace": "aws"} if identity in trace.calls else found)
    end = execution.stop_date.timestamp()
    for name, left in ids.items():  # failed states have no stateExited event
        for identity in left:
            found = {"name": name, "id": identity, "start_time": begun.get(name, end), "end_time": end}
            subsegments.append({**found, "namespace": "aws", "fault": True})
    segment = {
        "name": execution.state_machine.name,
        "id": trace.segment,
        "trace_id": trace.trace_id,
        "parent_id": trace.parent,
        "start_time": execution.start_date.timestamp(),
        "end_time": end,
        "origin": "AWS::StepFunctions::StateMachine",
        "annotations": {"execution": execution.exec_arn},
        "subsegments": subsegments,
    }
    failed = {} if execution.exec_status.value == "SUCCEEDED" else {"fault": True}
    return {**present(segment), **failed}


def _seconds(moment: Any) -> float:
    return (moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))).timestamp()
