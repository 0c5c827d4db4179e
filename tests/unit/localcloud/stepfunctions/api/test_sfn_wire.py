"""The wire format: what goes in and out of Step Functions' API."""

from __future__ import annotations

import json

import pytest
from moto.core.utils import get_service_model

from .conftest import GROUP, HERE, PASS, ROLE, Refused


def test_every_operation_of_the_model_but_the_tests_of_states_is_there(api):
    assert set(get_service_model("stepfunctions").operation_names) - set(api.table) == {"TestState"}


def test_an_operation_that_is_not_there_is_refused_by_name(api):
    with pytest.raises(Refused, match="the local cloud does not support stepfunctions:TestState") as refused:
        api("TestState", definition="{}")
    assert refused.value.code == "NotImplemented"


def test_an_answer_is_as_long_as_awss(api):
    """Recorded: 161 bytes, for these two names."""
    api.clock[0] = 1_717_171_717.123
    arn = api.machine("statemachine_create_and_record_execution_0a1b2c3d")
    given = {"stateMachineArn": arn, "name": "TestStartTarget"}
    _, body = api.raw("StartExecution", json.dumps(given).encode())
    assert body.endswith(b':TestStartTarget","startDate":1.717171717123E9}')
    assert len(body) == 161


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "Could not parse request body into json"),
        (b'{"maxResults": NaN}', "Could not parse request body into json"),
        (b"[]", "Unexpected field type"),
        (b'{"nextToken": 1}', "NUMBER_VALUE can not be converted to a String"),
        (b'{"maxResults": "1"}', "STRING_VALUE can not be converted to an Integer"),
        (b'{"maxResults": true}', "TRUE_VALUE can not be converted to an Integer"),
    ],
)
def test_a_body_of_another_form_is_a_serialization_exception(api, body, words):
    status, answer = api.raw("ListStateMachines", body)
    assert (status, json.loads(answer)) == ("400 Bad Request", {"__type": "SerializationException", "message": words})


@pytest.mark.parametrize(
    ("operation", "given", "words"),
    [
        (
            "ListStateMachines",
            {"maxResults": 1001},
            "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: "
            "Member must have value less than or equal to 1000",
        ),
        (
            "ListExecutions",
            {"stateMachineArn": f"{HERE}:stateMachine:a", "statusFilter": "succeeded"},
            "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member "
            "must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
        ),
        (
            "CreateStateMachineAlias",
            {
                "name": "live",
                "routingConfiguration": [{"stateMachineVersionArn": str(n), "weight": n} for n in (1, 2, 3)],
            },
            "1 validation error detected: Value '[RoutingConfigurationListItem(stateMachineVersionArn=1, weight=1), "
            "RoutingConfigurationListItem(stateMachineVersionArn=2, weight=2), "
            "RoutingConfigurationListItem(stateMachineVersionArn=3, weight=3)]' at 'routingConfiguration' failed to "
            "satisfy constraint: Member must have length less than or equal to 2",
        ),
        (
            "CreateStateMachineAlias",
            {"name": "live", "routingConfiguration": [{"stateMachineVersionArn": "a", "weight": 101}]},
            "1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy "
            "constraint: Member must have value less than or equal to 100",
        ),
        (
            "CreateStateMachine",
            {"name": "a" * 81, "definition": None},
            f"3 validation errors detected: Value '{'a' * 81}' at 'name' failed to satisfy constraint: Member must "
            "have length less than or equal to 80; Value null at 'definition' failed to satisfy constraint: Member "
            "must not be null; Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
        ),
    ],
)
def test_what_breaks_the_model_is_named_in_awss_words(api, operation, given, words):
    with pytest.raises(Refused) as refused:
        api(operation, **given)
    assert (refused.value.code, str(refused.value)) == ("ValidationException", words)


def test_a_long_token_is_shown_whole(api):
    with pytest.raises(Refused, match=r"x{3097}"):
        api("ListExecutions", stateMachineArn=f"{HERE}:stateMachine:a", nextToken="x" * 3097)


def test_the_header_of_a_trace_wins_over_the_parameter(api):
    arn = api.machine()
    for headers, expected in (({}, "Root=1-given"), ({"HTTP_X_AMZN_TRACE_ID": "Root=1-header"}, "Root=1-header")):
        body = json.dumps({"stateMachineArn": arn, "traceHeader": "Root=1-given"}).encode()
        _, answer = api.raw("StartExecution", body, **headers)
        described = api("DescribeExecution", executionArn=json.loads(answer)["executionArn"])
        assert described["traceHeader"] == expected


def test_a_lone_surrogate_comes_back_as_it_was_sent(api):
    arn = api.machine()
    execution = api.started(arn, input=json.dumps({"a": "\ud83d"}))
    api.runner.end(execution, output='{"a":"\ud83d"}')
    assert json.loads(api("DescribeExecution", executionArn=execution.arn)["output"]) == {"a": "\ud83d"}


def test_a_failure_of_the_local_cloud_itself_is_named(api, monkeypatch):
    monkeypatch.setitem(api.table, "ListActivities", lambda sender, given: 1 / 0)
    with pytest.raises(Refused, match="the local cloud failed at stepfunctions:ListActivities: ZeroDivisionError"):
        api("ListActivities")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"level": "ALL"}, "Must specify exactly one Log Destination."),
        ({"level": "ALL", "destinations": []}, "Must specify exactly one Log Destination."),
        (
            {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}] * 2},
            "Must specify exactly one Log Destination.",
        ),
        (
            {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": f"{GROUP}x"}}]},
            "Log Destination not found.",
        ),
    ],
)
def test_a_wrong_log_destination_is_refused(api, given, words):
    with pytest.raises(Refused) as refused:
        api("CreateStateMachine", name="a", definition=PASS, roleArn=ROLE, loggingConfiguration=given)
    assert (refused.value.code, str(refused.value)) == (
        "InvalidLoggingConfiguration",
        f"Invalid Logging Configuration: {words}",
    )
