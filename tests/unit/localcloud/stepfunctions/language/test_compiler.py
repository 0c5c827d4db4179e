"""What a definition may have, and where each fault of it is found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.stepfunctions.language.compiler import compile_definition
from localcloud.stepfunctions.language.findings import NO_END, SCHEMA, TARGET, InvalidDefinition

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:a"
INNER = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
SPREAD = {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
LIST = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}}


def machine(state: dict[str, Any], **top: Any) -> dict[str, Any]:
    """A machine of the state S, which may go to T."""
    found = {"StartAt": "S", "States": {"S": state}, **top}
    if '"T"' in json.dumps(state):
        found["States"]["T"] = {"Type": "Succeed"}
    return found


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": FUNCTION, "End": True, **fields}


def faults(definition: dict[str, Any], *, express: bool = False) -> list[tuple[str, str | None]]:
    """The code and the place of each error."""
    try:
        compile_definition(json.dumps(definition), express=express)
    except InvalidDefinition as error:
        return [(found.code, found.location) for found in error.findings if found.severity == "ERROR"]
    return []


def places(state: dict[str, Any], **top: Any) -> list[str]:
    return [str(place).removeprefix("/States/S") for _, place in faults(machine(state, **top))]


def retry(**fields: Any) -> dict[str, Any]:
    return task(Retry=[{"ErrorEquals": ["E"], **fields}])


def catch(**fields: Any) -> dict[str, Any]:
    return task(Catch=[{"ErrorEquals": ["E"], "Next": "T", **fields}])


def choice(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Choice", "Choices": [{"Next": "T", **rule} for rule in rules]}


def mapped(**fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": SPREAD, "End": True, **fields}


@pytest.mark.parametrize(
    "definition",
    [
        machine(task(), Comment="c", Version="1.0", TimeoutSeconds=1, QueryLanguage="JSONPath"),
        machine(retry(IntervalSeconds=1, MaxAttempts=0, BackoffRate=1, MaxDelaySeconds=2, JitterStrategy="FULL")),
        machine(catch(ResultPath="$.a[0]['b']", Assign={"v.$": "$.Error"}, Comment="c")),
        machine(task(Retry=[{"ErrorEquals": ["E"]}, {"ErrorEquals": ["States.ALL"], "Comment": "c"}])),
        machine(task(TimeoutSeconds=9, HeartbeatSeconds=8)),
        machine(choice({"And": [{"Variable": "$.a", "IsNull": True}, {"Not": {"Variable": "$v", "IsPresent": True}}]})),
        machine(choice({"Variable": "$.a", "StringMatches": "a*", "Comment": "c"})),
        machine(mapped(ItemReader=LIST, ItemBatcher={"MaxItemsPerBatch": 1}, Label="L", ToleratedFailureCount=1)),
        machine({"Type": "Wait", "Timestamp": "2024-01-01T00:00:00.5+01:00", "End": True}),
        machine({"Type": "Parallel", "Branches": [{**INNER, "Comment": "c"}], "End": True}),
        machine({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input %}", "End": True}),
    ],
)  # fmt: skip
def test_what_is_accepted(definition: dict[str, Any]) -> None:
    assert faults(definition) == []


@pytest.mark.parametrize(
    ("state", "place"),
    [
        (task(Resource="f"), "/Resource"),
        (task(Resource=1), "/Resource"),
        ({"Type": "Task", "End": True}, ""),
        ({"Type": "Job", "End": True}, "/Type"),
        ({"End": True}, ""),
        (task(Nothing=1), "/Nothing"),
        (task(Seconds=1), "/Seconds"),
        (task(Arguments={}), "/Arguments"),
        (task(InputPath="a"), "/InputPath"),
        (task(InputPath=1), "/InputPath"),
        (task(ResultPath="$.a[*]"), "/ResultPath"),
        (task(ResultPath="$$.a"), "/ResultPath"),
        (task(Parameters={"a.$": "b"}), "/Parameters"),
        (task(Parameters={"a": [{"b.$": "States.Nothing()"}]}), "/Parameters/a[0]"),
        (task(TimeoutSeconds=0), "/TimeoutSeconds"),
        (task(TimeoutSeconds=1.5), "/TimeoutSeconds"),
        (task(TimeoutSeconds=5, TimeoutSecondsPath="$.t"), ""),
        (task(TimeoutSeconds=5, HeartbeatSeconds=5), "/HeartbeatSeconds"),
        (task(Credentials={}), "/Credentials"),
        (task(Assign={"1a": 1}), "/Assign/1a"),
        (task(Assign={"states": 1}), "/Assign/states"),
        (task(Assign={"a" * 81: 1}), "/Assign/" + "a" * 81),
        (task(Assign=[]), "/Assign"),
        (retry(IntervalSeconds=0), "/Retry[0]/IntervalSeconds"),
        (retry(MaxAttempts=-1), "/Retry[0]/MaxAttempts"),
        (retry(MaxAttempts=100_000_000), "/Retry[0]/MaxAttempts"),
        (retry(BackoffRate=0.9), "/Retry[0]/BackoffRate"),
        (retry(MaxDelaySeconds=1), "/Retry[0]/MaxDelaySeconds"),
        (retry(JitterStrategy="HALF"), "/Retry[0]/JitterStrategy"),
        (retry(ErrorEquals=[]), "/Retry[0]/ErrorEquals"),
        (retry(ErrorEquals=["States.ALL", "E"]), "/Retry[0]/ErrorEquals"),
        (task(Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]), "/Retry[0]/ErrorEquals"),
        (task(Retry={}), "/Retry"),
        (task(Retry=[{}]), "/Retry[0]"),
        (catch(Output="x"), "/Catch[0]/Output"),
        (catch(ResultPath="$..a"), "/Catch[0]/ResultPath"),
        (task(Catch=[{"ErrorEquals": ["E"]}]), "/Catch[0]"),
        (choice(), "/Choices"),
        (choice({"Variable": "$.a"}), "/Choices[0]"),
        (choice({"IsNull": True}), "/Choices[0]"),
        (choice({"Variable": "$.a", "IsNull": True, "IsString": True}), "/Choices[0]"),
        (choice({"Variable": "a", "IsNull": True}), "/Choices[0]/Variable"),
        (choice({"Variable": "$.a", "NumericEquals": "1"}), "/Choices[0]/NumericEquals"),
        (choice({"Variable": "$.a", "NumericEquals": True}), "/Choices[0]/NumericEquals"),
        (choice({"Variable": "$.a", "StringEquals": 1}), "/Choices[0]/StringEquals"),
        (choice({"Variable": "$.a", "TimestampEquals": "2024"}), "/Choices[0]/TimestampEquals"),
        (choice({"Variable": "$.a", "NumericEqualsPath": 1}), "/Choices[0]/NumericEqualsPath"),
        (choice({"And": []}), "/Choices[0]/And"),
        (choice({"Not": {"Variable": "$.a", "IsNull": 1}}), "/Choices[0]/Not/IsNull"),
        (choice({"Condition": "{% true %}"}), "/Choices[0]/Condition"),
        ({"Type": "Wait", "End": True}, ""),
        ({"Type": "Wait", "Seconds": 1, "Timestamp": "2024-01-01T00:00:00Z", "End": True}, ""),
        ({"Type": "Wait", "Seconds": -1, "End": True}, "/Seconds"),
        ({"Type": "Wait", "Timestamp": "tomorrow", "End": True}, "/Timestamp"),
        ({"Type": "Fail", "Error": 1}, "/Error"),
        ({"Type": "Fail", "Cause": "c", "CausePath": "$.c"}, ""),
        ({"Type": "Parallel", "End": True}, ""),
        ({"Type": "Parallel", "Branches": [], "End": True}, "/Branches"),
        ({"Type": "Map", "End": True}, ""),
        (mapped(MaxConcurrency=-1), "/MaxConcurrency"),
        (mapped(Label="l" * 41), "/Label"),
        (mapped(ToleratedFailurePercentage=101), "/ToleratedFailurePercentage"),
        (mapped(ItemReader={}), "/ItemReader"),
        (mapped(ItemReader={**LIST, "More": 1}), "/ItemReader/More"),
        (mapped(ItemProcessor={**INNER, "ProcessorConfig": {"Mode": "OTHER"}}), "/ItemProcessor/ProcessorConfig/Mode"),
        (mapped(ItemProcessor=INNER, ItemReader=LIST), "/ItemReader"),
        ({"Type": "Pass"}, ""),
        ({"Type": "Pass", "Next": "T", "End": True}, ""),
        ({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% ( %}", "End": True}, "/Output"),
        ({"Type": "Pass", "QueryLanguage": "JSONata", "Parameters": {}, "End": True}, "/Parameters"),
    ],
)
def test_a_fault_is_found_where_it_is(state: dict[str, Any], place: str) -> None:
    assert place in places(state)


def test_all_faults_are_found_at_once() -> None:
    assert set(places(task(InputPath="a", OutputPath="b", Nothing=1))) == {"/InputPath", "/OutputPath", "/Nothing"}


@pytest.mark.parametrize(
    ("definition", "fault"),
    [
        ({"States": {"A": {"Type": "Succeed"}}}, (SCHEMA, "/")),
        ({"StartAt": "A"}, (SCHEMA, "/")),
        ({"StartAt": "A", "States": {}}, (SCHEMA, "/States")),
        ({"StartAt": "B", "States": {"A": {"Type": "Succeed"}}}, (TARGET, "/StartAt")),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}, (TARGET, "/States/A/Next")),
        ({"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}}, (TARGET, "/States/B")),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}, (NO_END, "/")),
        ({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}, "Version": "2.0"}, (SCHEMA, "/Version")),
        ({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}, "TimeoutSeconds": 0}, (SCHEMA, "/TimeoutSeconds")),
        ({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}, "More": 0}, (SCHEMA, "/More")),
        ({"StartAt": "A" * 81, "States": {"A" * 81: {"Type": "Succeed"}}}, (SCHEMA, "/States/" + "A" * 81)),
    ],
)  # fmt: skip
def test_how_states_hang_together(definition: dict[str, Any], fault: tuple[str, str]) -> None:
    assert fault in faults(definition)


def test_an_express_machine_does_less() -> None:
    for state in (
        task(Resource=ACTIVITY),
        task(Resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
        task(Resource="arn:aws:states:::sagemaker:createTrainingJob.sync"),
        mapped(),
    ):
        assert faults(machine(state)) == []
        assert len(faults(machine(state), express=True)) == 1


def test_a_machine_in_jsonata_has_no_state_in_jsonpath() -> None:
    state = {"Type": "Pass", "QueryLanguage": "JSONPath", "End": True}
    assert faults(machine(state, QueryLanguage="JSONata")) != []


def test_the_variables_that_each_state_reads() -> None:
    states = {"S": {"Type": "Pass", "Parameters": {"a.$": "States.Array($x, $y.z)"}, "Next": "T"},
              "T": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $w %}", "End": True}}  # fmt: skip
    found = compile_definition(json.dumps({"StartAt": "S", "States": states})).references
    assert found == {"S": ("x", "y"), "T": ("w",)}
