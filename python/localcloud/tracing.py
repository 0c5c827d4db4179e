"""X-Ray: an execution of a traced state machine, its states and the functions that they call, in one trace.

moto keeps segments that it is sent (``xray/models.py``), and nothing sends any: its interpreter passes no trace header
on, and its functions report none.

AWS: Step Functions Developer Guide, Trace Step Functions request data in AWS X-Ray; Lambda Developer Guide, Visualize
Lambda function invocations using AWS X-Ray; X-Ray Developer Guide, Segment documents, and Tracing header. Otherwise
than on AWS, whose default rule keeps one request a second and five percent of the rest, every execution is sampled.

Example::

    xray.get_trace_summaries(StartTime=…, EndTime=…)["TraceSummaries"]
    xray.batch_get_traces(TraceIds=[…])["Traces"][0]["Segments"]       # the state machine's, then each function's
"""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localcloud.access import Acting
from localcloud.authorization.roles import AccessDenied
from localcloud.context import Context

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

HEADER = "X-Amzn-Trace-Id"
# What each service asks of the role whose traces it sends, by the guides above.
LAMBDA_NEEDS = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
STATES_NEED = (*LAMBDA_NEEDS, "xray:GetSamplingRules", "xray:GetSamplingTargets")


@dataclass
class Trace:
    """The trace of one execution.

    Attributes:
        trace_id: Its id, ``1-…-…``.
        parent: The segment that it was started from, if any.
        segment: The state machine's segment.
        calls: The state that made each call, by the id of its subsegment.
    """

    trace_id: str
    parent: str | None
    segment: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    calls: dict[str, str] = field(default_factory=dict)


def new_trace_id() -> str:
    """An id as X-Ray makes them: version, seconds since 1970, 96 random bits."""
    return f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"


def parsed(header: str | None) -> dict[str, str]:
    """The parts of a tracing header: Root, Parent, Sampled, as far as they are there."""
    return dict(re.findall(r"(Root|Parent|Sampled)=([^;\s]+)", header or ""))


def install(context: Context) -> None:
    """Let executions of traced state machines be traced, into the functions that they call."""
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
            _send(role, STATES_NEED, machine_segment(execution, trace))

    Execution.start, BaseExecutionWorkerCommunication.terminated = traced_start, traced_end
    lambda_eval_utils.execute_lambda_function_integration = traced_call
    lambda_eval_utils.boto_client_for = traced_client


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
    _send(role, LAMBDA_NEEDS, {**_present(segment), **({"fault": True} if failed else {})})


def machine_segment(execution: Any, trace: Trace) -> dict[str, Any]:
    """An execution's segment, a subsegment for each call that a state of it made, from its history."""
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
    for name, left in ids.items():  # states that failed, which their history says no end of
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
    return {**_present(segment), **failed}


def _seconds(moment: Any) -> float:
    return (moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))).timestamp()


def _present(segment: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in segment.items() if value is not None}


def _send(role: Acting, needs: tuple[str, ...], segment: dict[str, Any]) -> None:
    """Put a segment in the role's name. A role that may not loses its traces, as on AWS, and nothing else."""
    from moto.xray.models import xray_backends

    try:
        for action in needs:
            role.require(action)
    except AccessDenied as error:
        print(f"no trace of {segment['name']}: {error}", flush=True)
        return
    xray_backends[role.account][role.region].process_segment(json.dumps(segment))
