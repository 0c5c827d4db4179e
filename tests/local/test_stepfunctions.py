"""Step Functions in the local cloud: executions that really run, through AWS's API."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import ended, eventually, package

PASS = {"StartAt": "Pass on", "States": {"Pass on": {"Type": "Pass", "End": True}}}


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": resource, "End": True, **fields}}}


def test_unnamed_executions_get_names_of_their_own(cloud, state_machine):
    client, arn = cloud.client("stepfunctions"), state_machine(PASS)
    started = [client.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(3)]
    assert len(set(started)) == 3
    found = ended(client, started[0])
    assert (found["status"], found["output"]) == ("SUCCEEDED", "{}")
    assert len(found["name"]) == 36


def test_an_execution_starts_by_a_versions_and_an_aliass_arn(cloud, state_machine):
    client = cloud.client("stepfunctions")
    first = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": "first", "End": True}}}
    arn = state_machine(first, publish=True)
    client.update_state_machine(stateMachineArn=arn, definition=json.dumps(first).replace("first", "second"))
    alias = client.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    )["stateMachineAliasArn"]
    said = {}
    for started in (arn, f"{arn}:1", alias):
        execution = client.start_execution(stateMachineArn=started)["executionArn"]
        said[started] = json.loads(ended(client, execution)["output"])
    assert said == {arn: "second", f"{arn}:1": "first", alias: "first"}


def test_an_input_above_the_limit_is_refused(cloud, state_machine):
    with pytest.raises(ClientError, match="less than or equal to 262144"):
        cloud.client("stepfunctions").start_execution(
            stateMachineArn=state_machine(PASS), input=json.dumps("x" * 262_143)
        )


def test_an_invalid_definition_spoils_nothing_for_later_ones(cloud, state_machine, execute):
    broken = {"QueryLanguage": "JSONPath", "StartAt": "A", "States": {"A": {"Type": "Task", "End": True}}}
    for _ in range(3):
        with pytest.raises(ClientError, match="InvalidDefinition"):
            state_machine(broken)
    nested = {
        "StartAt": "Both",
        "States": {"Both": {"Type": "Parallel", "Branches": [PASS, PASS], "End": True}},
    }
    assert json.loads(execute(nested, {"a": 1})["output"]) == [{"a": 1}, {"a": 1}]


def test_definitions_are_parsed_at_the_same_time(cloud):
    client = cloud.client("stepfunctions")
    states = {f"State {n}": {"Type": "Parallel", "Branches": [PASS] * 3, "Next": f"State {n + 1}"} for n in range(12)}
    definition = json.dumps({"StartAt": "State 0", "States": {**states, "State 12": {"Type": "Succeed"}}})

    def validate(_: int) -> str:
        return client.validate_state_machine_definition(definition=definition)["result"]

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(validate, range(12))) == {"OK"}


def test_a_definition_is_validated(cloud):
    client = cloud.client("stepfunctions")
    assert client.validate_state_machine_definition(definition=json.dumps(PASS))["result"] == "OK"
    found = client.validate_state_machine_definition(definition='{"StartAt": "Nowhere"}')
    assert found["result"] == "FAIL"
    assert found["diagnostics"][0]["severity"] == "ERROR"
    assert found["diagnostics"][0]["message"]


def test_versions_are_published_listed_and_deleted(cloud, state_machine):
    client, arn = cloud.client("stepfunctions"), state_machine(PASS)

    def versions() -> list[str]:
        found = client.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
        return [version["stateMachineVersionArn"] for version in found]

    assert versions() == []
    first = client.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    again = client.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    assert first == again == f"{arn}:1", "nothing has changed, so there is no new version"
    client.update_state_machine(stateMachineArn=arn, definition=json.dumps({**PASS, "Comment": "changed"}))
    client.publish_state_machine_version(stateMachineArn=arn)
    assert versions() == [f"{arn}:2", f"{arn}:1"]
    client.delete_state_machine_version(stateMachineVersionArn=first)
    assert versions() == [f"{arn}:2"]


def test_a_state_may_carry_exactly_the_limit_and_not_a_byte_more(cloud, function, execute):
    """262,144 bytes of UTF-8 as compact JSON: escapes and spaces are nobody's."""
    arn = function("def handler(event, context):\n    return '\u00fc' * event['characters'] + 'x' * event['more']\n")
    fits = {"characters": 131_071, "more": 0}  # with its quotes: 262,144 bytes
    assert execute(task(arn), fits)["status"] == "SUCCEEDED"
    found = execute(task(arn), {**fits, "more": 1})
    assert (found["status"], found["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_states_all_catches_too_large_a_result_but_no_path_that_is_not_there(cloud, function, execute):
    """AWS's recorded histories catch States.DataLimitExceeded, whatever its developer guide says."""
    catch = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Saved"}]}
    too_much = task(function("def handler(event, context):\n    return 'x' * 262_144\n"), **catch)
    no_such_path = {
        "StartAt": "Work",
        "States": {"Work": {"Type": "Map", "ItemsPath": "$.missing", "ItemProcessor": PASS, "End": True, **catch}},
    }
    for definition in (too_much, no_such_path):
        definition["States"]["Saved"] = {"Type": "Succeed"}
    assert json.loads(execute(too_much)["output"])["Error"] == "States.DataLimitExceeded"
    found = execute(no_such_path)
    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")


FAIL = """
class InvalidImageError(Exception): pass
class EndpointUnavailableError(Exception): pass
calls = 0
def handler(event, context):
    global calls
    calls += 1
    if event.get("pass_at", 0) == calls: return {"calls": calls}
    raise {"InvalidImageError": InvalidImageError}.get(event["error"], EndpointUnavailableError)("it is not an image")
"""


@pytest.mark.parametrize("optimized", [True, False])
def test_an_exceptions_name_reaches_catch_and_its_message_the_cause(cloud, function, execute, optimized):
    arn = function(FAIL)
    invoked = {"Parameters": {"FunctionName": arn, "Payload.$": "$"}} if optimized else {}
    definition = task(
        "arn:aws:states:::lambda:invoke" if optimized else arn,
        **invoked,
        Catch=[
            {"ErrorEquals": ["EndpointUnavailableError"], "Next": "Wrong"},
            {"ErrorEquals": ["InvalidImageError"], "Next": "Explain"},
        ],
    )
    definition["States"]["Wrong"] = {"Type": "Fail", "Error": "Wrong"}
    definition["States"]["Explain"] = {
        "Type": "Pass",
        "Parameters": {"Error.$": "$.Error", "Exception.$": "States.StringToJson($.Cause)"},
        "Next": "Fail out loud",
    }
    definition["States"]["Fail out loud"] = {
        "Type": "Fail",
        "ErrorPath": "$.Error",
        "CausePath": "$.Exception.errorMessage",
    }
    found = execute(definition, {"error": "InvalidImageError"})
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "InvalidImageError", "it is not an image")


def test_retries_wait_with_backoff_jitter_and_a_longest_delay(cloud, function, state_machine):
    """Three attempts fail, the fourth succeeds; without MaxDelaySeconds the waits alone would be minutes."""
    retry = {
        "ErrorEquals": ["EndpointUnavailableError"],
        "IntervalSeconds": 1,
        "BackoffRate": 100,
        "MaxDelaySeconds": 2,
        "MaxAttempts": 5,
        "JitterStrategy": "FULL",
    }
    client = cloud.client("stepfunctions")
    arn = state_machine(task(function(FAIL), Retry=[retry]))
    began = time.monotonic()
    started = client.start_execution(stateMachineArn=arn, input=json.dumps({"error": "other", "pass_at": 4}))
    found = ended(client, started["executionArn"])
    assert json.loads(found["output"]) == {"calls": 4}
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("optimized", [True, False])
def test_a_throttled_function_fails_with_lambdas_own_error(cloud, function, execute, optimized):
    arn = function("def handler(event, context): pass")
    cloud.client("lambda").put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=0)
    invoked = {"Parameters": {"FunctionName": arn}} if optimized else {}
    found = execute(task("arn:aws:states:::lambda:invoke" if optimized else arn, **invoked))
    assert found["error"] == "Lambda.TooManyRequestsException"


def test_a_task_that_takes_too_long_times_out(cloud, function, execute):
    arn = function("import time\ndef handler(event, context):\n    time.sleep(15)\n")
    began = time.monotonic()
    found = execute(task(arn, TimeoutSeconds=1))
    assert (found["status"], found["error"]) == ("FAILED", "States.Timeout")
    assert time.monotonic() - began < 10


def test_many_executions_run_at_the_same_time(cloud, function, state_machine):
    client = cloud.client("stepfunctions")
    arn = state_machine(task(function("def handler(event, context):\n    return event * 2\n")))
    started = [client.start_execution(stateMachineArn=arn, input=str(n))["executionArn"] for n in range(24)]
    assert [int(ended(client, one)["output"]) for one in started] == [n * 2 for n in range(24)]


def executed_events(cloud: Any, group: str) -> list[dict[str, Any]]:
    found = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
    return [json.loads(event["message"]) for event in found]


def logging_to(group: str, level: str, with_data: bool) -> dict[str, Any]:
    destination = {
        "cloudWatchLogsLogGroup": {"logGroupArn": f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"}
    }
    return {"level": level, "includeExecutionData": with_data, "destinations": [destination]}


def test_the_history_is_written_to_the_log_group_without_data_unless_asked_for(cloud, execute):
    for group, with_data in (("/tests/with-data", True), ("/tests/without-data", False)):
        cloud.client("logs").create_log_group(logGroupName=group)
        found = execute(PASS, {"secret": 1}, loggingConfiguration=logging_to(group, "ALL", with_data))
        events = executed_events(cloud, group)
        assert [event["type"] for event in events] == [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "ExecutionSucceeded",
        ]
        assert {event["execution_arn"] for event in events} == {found["executionArn"]}
        assert events[0]["event_timestamp"].isdigit()
        assert ("secret" in json.dumps(events)) == with_data


def test_only_errors_are_logged_at_level_error(cloud, execute):
    cloud.client("logs").create_log_group(logGroupName="/tests/errors")
    definition = {"StartAt": "Give up", "States": {"Give up": {"Type": "Fail", "Error": "Hopeless"}}}
    execute(definition, loggingConfiguration=logging_to("/tests/errors", "ERROR", True))
    execute(PASS, loggingConfiguration=logging_to("/tests/errors", "ERROR", True))
    types = [event["type"] for event in executed_events(cloud, "/tests/errors")]
    assert types == ["FailStateEntered", "ExecutionFailed"]


def test_history_comes_in_pages_forwards_and_backwards(cloud, execute):
    client = cloud.client("stepfunctions")
    arn = execute(PASS, {"secret": 1})["executionArn"]
    whole = client.get_execution_history(executionArn=arn)["events"]
    assert [event["id"] for event in whole] == [1, 2, 3, 4]
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn, PaginationConfig={"PageSize": 3})
    assert [len(page["events"]) for page in pages] == [3, 1]
    newest = client.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)["events"]
    assert [event["type"] for event in newest] == ["ExecutionSucceeded"]
    plain = client.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]
    assert "secret" in str(whole)
    assert "secret" not in str(plain)


def test_a_task_tokens_failure_keeps_its_cause(cloud, state_machine):
    client, sqs = cloud.client("stepfunctions"), cloud.client("sqs")
    queue = sqs.create_queue(QueueName="tests-tokens")["QueueUrl"]
    definition = task(
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        Parameters={"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}},
    )
    execution = client.start_execution(stateMachineArn=state_machine(definition))["executionArn"]
    message = eventually(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))[0]
    client.send_task_failure(taskToken=json.loads(message["Body"])["token"], error="Refused", cause="by a person")
    found = ended(client, execution)
    assert (found["error"], found["cause"]) == ("Refused", "by a person")


def test_a_stopped_execution_says_why(cloud, state_machine):
    client = cloud.client("stepfunctions")
    wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
    execution = client.start_execution(stateMachineArn=state_machine(wait))["executionArn"]
    eventually(lambda: len(client.get_execution_history(executionArn=execution)["events"]) >= 2)
    client.stop_execution(executionArn=execution, error="Changed", cause="my mind")
    found = ended(client, execution)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Changed", "my mind")
    assert found["stopDate"]


def test_an_output_of_text_or_null_is_json(cloud, execute):
    for result in ("text", None):
        definition = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": result, "End": True}}}
        assert json.loads(execute(definition)["output"]) == result


def test_refusals_carry_their_code(cloud, state_machine):
    client = cloud.client("stepfunctions")
    with pytest.raises(client.exceptions.InvalidDefinition):
        state_machine({"StartAt": "A", "States": {"A": {"Type": "Task", "End": True}}})
    with pytest.raises(client.exceptions.InvalidExecutionInput):
        client.start_execution(stateMachineArn=state_machine(PASS), input="{")


def test_jsonata_runs(cloud, execute):
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Add",
        "States": {
            "Add": {
                "Type": "Pass",
                "Assign": {"rate": 2},
                "Output": "{% $sum($states.input.prices) %}",
                "Next": "Double",
            },
            "Double": {"Type": "Pass", "Output": {"total": "{% $states.input * $rate %}"}, "End": True},
        },
    }
    assert json.loads(execute(definition, {"prices": [1, 2, 3]})["output"]) == {"total": 12}


def test_aws_sdk_tasks_take_and_give_json(cloud, execute):
    cloud.client("s3").create_bucket(Bucket="tests-aws-sdk")
    place = {"Bucket": "tests-aws-sdk", "Key": "note.json"}
    written = execute(task("arn:aws:states:::aws-sdk:s3:putObject", Parameters={**place, "Body": {"a": [1, 2]}}))
    assert written["status"] == "SUCCEEDED"
    read = json.loads(execute(task("arn:aws:states:::aws-sdk:s3:getObject", Parameters=place))["output"])
    assert json.loads(read["Body"]) == {"a": [1, 2]}
    assert read["LastModified"].endswith("Z")


def test_aws_sdk_errors_are_named_as_awss_are(cloud, execute):
    missing = {"Bucket": "tests-no-such-bucket-here", "Key": "a"}
    found = execute(task("arn:aws:states:::aws-sdk:s3:getObject", Parameters=missing))
    assert found["error"] == "S3.NoSuchBucketException"
    unknown = {"EndpointName": "tests-no-such-endpoint", "Body": {}}
    found = execute(task("arn:aws:states:::aws-sdk:sagemakerruntime:invokeEndpoint", Parameters=unknown))
    assert found["error"].startswith("SageMakerRuntime.")


def test_new_function_code_is_what_the_next_execution_runs(cloud, function, state_machine):
    client = cloud.client("stepfunctions")
    function_arn = function("def handler(event, context):\n    return 'old'\n")
    arn = state_machine(task(function_arn))

    def said() -> str:
        return json.loads(ended(client, client.start_execution(stateMachineArn=arn)["executionArn"])["output"])

    assert said() == "old"
    cloud.client("lambda").update_function_code(
        FunctionName=function_arn, ZipFile=package("def handler(event, context):\n    return 'new'\n")
    )
    assert said() == "new"
