"""X-Ray holds one trace for an execution's states and for the functions that they call."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.local.conftest import ended, eventually

CODE = "import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n"


def calling(arn: str) -> dict[str, Any]:
    """A state machine with two states that call a function."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": arn},
        "OutputPath": "$.Payload",
    }
    return {"StartAt": "First", "States": {"First": {**task, "Next": "Second"}, "Second": {**task, "End": True}}}


def traces(cloud: Any) -> dict[str, list[dict[str, Any]]]:
    """Every trace's segments, by its id."""
    xray, now = cloud.client("xray"), datetime.now(UTC)
    hour = timedelta(hours=1)
    found = xray.get_trace_summaries(StartTime=now - hour, EndTime=now + hour)["TraceSummaries"]
    if not found:
        return {}
    whole = xray.batch_get_traces(TraceIds=[one["Id"] for one in found])["Traces"]
    return {one["Id"]: [json.loads(segment["Document"]) for segment in one["Segments"]] for one in whole}


def of(cloud: Any, machine: str) -> list[dict[str, Any]]:
    """The segments of a state machine's only trace."""
    name = machine.rpartition(":")[2]
    found = [segments for segments in traces(cloud).values() if any(one["name"] == name for one in segments)]
    return found[0] if found else []


@pytest.mark.parametrize("mode", ["Active", "PassThrough"])
def test_an_execution_its_states_and_their_functions_are_one_trace(
    cloud: Any, function: Any, state_machine: Any, mode: str
) -> None:
    arn = function(CODE, TracingConfig={"Mode": mode})
    machine = state_machine(calling(arn), tracingConfiguration={"enabled": True})
    client = cloud.client("stepfunctions")
    found = ended(client, client.start_execution(stateMachineArn=machine)["executionArn"])
    segments = eventually(lambda: of(cloud, machine))
    whole = next(one for one in segments if one["origin"] == "AWS::StepFunctions::StateMachine")
    assert [one["name"] for one in whole["subsegments"]] == ["First", "Second"]
    functions = [one for one in segments if one["origin"] == "AWS::Lambda::Function"]
    if mode == "PassThrough":
        assert functions == []
        return
    # The parent of each function's segment is the state that called it. The function's code gets the trace id.
    assert {one["parent_id"] for one in functions} == {one["id"] for one in whole["subsegments"]}
    assert {one["trace_id"] for one in segments} == {whole["trace_id"]}
    assert json.loads(found["output"]).startswith(f"Root={whole['trace_id']};")


def test_a_fault_is_marked_on_both(cloud: Any, function: Any, state_machine: Any) -> None:
    arn = function("def handler(event, context):\n    return 1 / 0\n", TracingConfig={"Mode": "Active"})
    machine = state_machine(calling(arn), tracingConfiguration={"enabled": True})
    client = cloud.client("stepfunctions")
    ended(client, client.start_execution(stateMachineArn=machine)["executionArn"])
    segments = eventually(lambda: of(cloud, machine))
    assert [one.get("fault") for one in segments] == [True, True]
    (whole,) = (one for one in segments if "subsegments" in one)
    assert [(one["name"], one["fault"]) for one in whole["subsegments"]] == [("First", True)]


def test_a_state_machine_that_does_not_trace_leaves_none(cloud: Any, function: Any, state_machine: Any) -> None:
    machine = state_machine(calling(function(CODE, TracingConfig={"Mode": "Active"})))
    client = cloud.client("stepfunctions")
    found = ended(client, client.start_execution(stateMachineArn=machine)["executionArn"])
    assert ";Sampled=0;" in json.loads(found["output"])
    assert of(cloud, machine) == []
