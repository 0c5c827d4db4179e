"""Executions, Map Runs, activities and tasks, held against AWS's recorded answers."""

from __future__ import annotations

import pytest

from localcloud.stepfunctions.engine.frames import Run
from localcloud.stepfunctions.models import Execution, MapRun
from localcloud.stepfunctions.runner import facts_of
from localcloud.stepfunctions.service import starter

from .conftest import DAY, HERE, Refused
from .test_sfn_machines import ARN, refusal

ACTIVITY = f"{HERE}:activity:label"


def test_an_execution_is_described_while_it_runs_and_when_it_has_ended(api):
    execution = api.started(api.machine(), name="one", input='{"a": 1}')
    assert api.runner.asked == [("start", execution)]
    running = {
        "executionArn": f"{HERE}:execution:images:one",
        "stateMachineArn": ARN,
        "name": "one",
        "status": "RUNNING",
        "startDate": 1.7e9,
        "input": '{"a": 1}',
        "inputDetails": {"included": True},
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is RUNNING and cannot be redriven",
    }
    assert api("DescribeExecution", executionArn=execution.arn) == running
    api.runner.end(execution, "FAILED", error="Broken", cause="why")
    described = api("DescribeExecution", executionArn=execution.arn)
    del running["redriveStatusReason"]
    ended = {"status": "FAILED", "stopDate": 1.7e9, "error": "Broken", "cause": "why", "redriveStatus": "REDRIVABLE"}
    assert described == running | ended
    metadata = api("DescribeExecution", executionArn=execution.arn, includedData="METADATA_ONLY")
    assert "input" not in metadata


@pytest.mark.parametrize(("age", "status"), [(0.5, "SUCCEEDED"), (2.0, "RUNNING")])
def test_whoever_asks_for_a_young_execution_hears_of_its_end_at_once(api, age, status):
    execution = api.started(api.machine())
    api.clock[0] += age
    api.runner.soon = True
    assert api("DescribeExecution", executionArn=execution.arn)["status"] == status


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "not some json",
            "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or "
            "'false')",
        ),
        ("{'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
        ("", "Invalid execution input."),
    ],
)
def test_an_input_that_is_no_json_is_refused(api, text, words):
    expected = ("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{words}'")
    assert refusal(api, "StartExecution", stateMachineArn=api.machine(), input=text) == expected


@pytest.mark.parametrize("text", ["2", '"text"', "null"])
def test_any_json_is_an_input(api, text):
    assert api.started(api.machine(), input=text).input == text


def test_a_name_is_taken_for_ninety_days(api):
    execution = api.started(api.machine(), name="one", input="1")
    arn = execution.arn
    assert api("StartExecution", stateMachineArn=ARN, name="one", input="1")["executionArn"] == arn
    taken = ("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
    assert refusal(api, "StartExecution", stateMachineArn=ARN, name="one", input="2") == taken
    api.runner.end(execution)
    assert refusal(api, "StartExecution", stateMachineArn=ARN, name="one", input="1") == taken
    api.clock[0] += 90 * DAY + 1
    assert api.started(ARN, name="one") is not execution


def test_an_alias_starts_one_of_its_versions(api):
    api.machine(publish=True)
    api("CreateStateMachineAlias", name="live", routingConfiguration=[
        {"stateMachineVersionArn": f"{ARN}:1", "weight": 100}
    ])  # fmt: skip
    plain, version, alias = (api.started(f"{ARN}{end}") for end in ("", ":1", ":live"))
    described = api("DescribeExecution", executionArn=alias.arn)
    assert described["stateMachineArn"] == ARN
    assert described["stateMachineVersionArn"] == f"{ARN}:1"
    assert described["stateMachineAliasArn"] == f"{ARN}:live"
    names = {
        end: {one["name"] for one in api("ListExecutions", stateMachineArn=f"{ARN}{end}")["executions"]}
        for end in ("", ":1", ":live")
    }
    assert names[""] == {plain.name, version.name, alias.name}
    assert names[":1"] == {version.name, alias.name}
    assert names[":live"] == {alias.name}


def test_executions_of_the_same_moment_are_each_on_one_page(api):
    api.machine()
    for n in range(5):
        api.started(ARN, name=str(n))
    found, more = [], {}
    while True:
        page = api("ListExecutions", stateMachineArn=ARN, maxResults=2, **more)
        found.append([one["name"] for one in page["executions"]])
        if "nextToken" not in page:
            break
        more = {"nextToken": page["nextToken"]}
    assert found == [["4", "3"], ["2", "1"], ["0"]]
    refused = ("InvalidToken", "Invalid Token: 'Invalid token'")
    assert refusal(api, "ListStateMachines", nextToken=more["nextToken"]) == refused
    assert refusal(api, "ListExecutions", stateMachineArn=ARN, statusFilter="FAILED", **more) == refused


def test_a_token_is_good_for_one_machine_and_while_its_execution_is_there(api):
    api.machine()
    for n in range(2):
        api.started(ARN, name=str(n))
    more = {"nextToken": api("ListExecutions", stateMachineArn=ARN, maxResults=1)["nextToken"]}
    api.machine(name="other")
    refused = ("InvalidToken", "Invalid Token: 'Invalid token'")
    assert refusal(api, "ListExecutions", stateMachineArn=ARN.rpartition(":")[0] + ":other", **more) == refused
    api.stores.executions.delete_machine(ARN)
    assert refusal(api, "ListExecutions", stateMachineArn=ARN, **more) == refused


def test_executions_are_listed_newest_first_by_status_in_pages(api):
    api.machine()
    assert api("ListExecutions", stateMachineArn=ARN) == {"executions": []}
    made = []
    for n in range(3):
        api.clock[0] += 1
        made.append(api.started(ARN, name=str(n)))
    api.runner.end(made[0])
    page = api("ListExecutions", stateMachineArn=ARN, maxResults=2)
    assert [one["name"] for one in page["executions"]] == ["2", "1"]
    api.started(ARN, name="new")
    page = api("ListExecutions", stateMachineArn=ARN, nextToken=page["nextToken"])
    assert [one["name"] for one in page["executions"]] == ["0"]
    done = api("ListExecutions", stateMachineArn=ARN, statusFilter="SUCCEEDED")["executions"]
    assert done == [
        {
            "executionArn": made[0].arn,
            "stateMachineArn": ARN,
            "name": "0",
            "status": "SUCCEEDED",
            "startDate": 1.7e9 + 1,
            "stopDate": 1.7e9 + 3,
            "redriveCount": 0,
        }
    ]
    assert refusal(api, "ListExecutions")[0] == "ValidationException"
    code, _ = refusal(api, "ListExecutions", stateMachineArn=f"{ARN}2")
    assert code == "StateMachineDoesNotExist"


def test_an_execution_is_stopped_once(api):
    execution = api.started(api.machine())
    assert api("StopExecution", executionArn=execution.arn, error="E", cause="c") == {"stopDate": 1.7e9}
    assert (execution.status, execution.error, execution.cause) == ("ABORTED", "E", "c")
    api.clock[0] += 5
    assert api("StopExecution", executionArn=execution.arn) == {"stopDate": 1.7e9}


def test_a_history_is_read_in_both_directions_in_pages_and_without_data(api):
    execution = api.started(api.machine())
    events = [
        {
            "id": n,
            "previousEventId": n - 1,
            "type": "PassStateEntered",
            "timestamp": 1.7e9,
            "stateEnteredEventDetails": {"name": "A", "input": "{}", "inputDetails": {"truncated": False}},
        }
        for n in (1, 2, 3)
    ]
    api.stores.executions.moved(execution, Run(facts_of(execution)), events, (), whole=False)

    def ids(**given):
        answer = api("GetExecutionHistory", executionArn=execution.arn, **given)
        return [one["id"] for one in answer["events"]], answer.get("nextToken")

    first, token = ids(maxResults=2, reverseOrder=True)
    assert (first, ids(nextToken=token, reverseOrder=True)) == ([3, 2], ([1], None))
    assert ids() == ([1, 2, 3], None)
    assert api("GetExecutionHistory", executionArn=execution.arn)["events"] == events
    bare = api("GetExecutionHistory", executionArn=execution.arn, includeExecutionData=False)["events"]
    assert bare[0]["stateEnteredEventDetails"] == {"name": "A"}


def test_an_express_execution_is_known_only_to_its_starter(api):
    arn = api.machine(type="EXPRESS")
    started = api("StartExecution", stateMachineArn=arn, name="one")["executionArn"]
    again = api("StartExecution", stateMachineArn=arn, name="one", input="2")["executionArn"]
    assert started.startswith(f"{HERE}:express:images:one:")
    assert started != again
    for operation in ("DescribeExecution", "StopExecution", "GetExecutionHistory"):
        words = "Invalid Arn: 'Resource type not valid in this context: express'"
        assert refusal(api, operation, executionArn=started) == ("InvalidArn", words)
    words = "This operation is not supported by this type of state machine"
    assert refusal(api, "ListExecutions", stateMachineArn=arn) == ("StateMachineTypeNotSupported", words)


def test_a_synchronous_execution_answers_its_result(api):
    arn = api.machine(type="EXPRESS")
    answer = api("StartSyncExecution", stateMachineArn=arn, name="one", input="{}")
    assert answer.pop("executionArn").startswith(f"{HERE}:express:images:one:")
    assert answer == {
        "stateMachineArn": ARN,
        "name": "one",
        "startDate": 1.7e9,
        "stopDate": 1.7e9,
        "status": "SUCCEEDED",
        "input": "{}",
        "inputDetails": {"included": True},
        "output": '{"done":true}',
        "outputDetails": {"included": True},
        "billingDetails": {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100},
    }


def test_a_standard_machine_has_no_synchronous_executions(api):
    words = "This operation is not supported by this type of state machine"
    given = {"stateMachineArn": api.machine()}
    assert refusal(api, "StartSyncExecution", **given) == ("StateMachineTypeNotSupported", words)


def test_a_redrive_is_repeated_by_its_token_only(api):
    execution = api.started(api.machine())
    given = {"executionArn": execution.arn, "clientToken": "token"}
    running = ("ExecutionNotRedrivable", "Execution is RUNNING and cannot be redriven")
    assert refusal(api, "RedriveExecution", **given) == running
    api.runner.end(execution, "FAILED")
    assert api("RedriveExecution", **given) == {"redriveDate": 1.7e9}
    api.clock[0] += 60
    assert api("RedriveExecution", **given) == {"redriveDate": 1.7e9}
    assert execution.redrive_count == 1
    assert refusal(api, "RedriveExecution", executionArn=execution.arn) == running
    api.runner.end(execution, "TIMED_OUT")
    api.clock[0] += 14 * DAY + 1
    described = api("DescribeExecution", executionArn=execution.arn)
    assert described["redriveStatusReason"] == "Execution redrivable period exceeded"
    assert (described["redriveCount"], described["redriveDate"]) == (1, 1.7e9)


def test_a_map_run_is_described_listed_and_changed(api):
    execution = api.started(api.machine(), name="one")
    run = f"{HERE}:mapRun:images/each:0a1b"
    counts = {"total": 2, "succeeded": 2, "resultsWritten": 2}
    api.stores.map_runs.add(MapRun(run, execution.arn, 1.7e9, item_counts=counts, max_concurrency=1), {})
    revision = execution.revision
    child = Execution(f"{HERE}:execution:images/each:c", ARN, "c", "STANDARD", revision, "{}", 1.7e9, map_run_arn=run)
    child.item_count = child.redrive_count = 1
    api.stores.executions.add(child)
    listed = api("ListMapRuns", executionArn=execution.arn)["mapRuns"]
    assert listed == [
        {"executionArn": execution.arn, "mapRunArn": run, "stateMachineArn": f"{ARN}/each", "startDate": 1.7e9}
    ]
    described = api("DescribeMapRun", mapRunArn=run)
    assert described["itemCounts"] == {
        **dict.fromkeys(("pending", "running", "failed", "timedOut", "aborted"), 0),
        **counts,
        "failuresNotRedrivable": 0,
        "pendingRedrive": 0,
    }
    assert (described["maxConcurrency"], described["toleratedFailurePercentage"]) == (1, 0.0)
    assert [one["itemCount"] for one in api("ListExecutions", mapRunArn=run)["executions"]] == [1]
    assert api("ListExecutions", mapRunArn=run, redriveFilter="NOT_REDRIVEN") == {"executions": []}
    assert [one["name"] for one in api("ListExecutions", stateMachineArn=ARN)["executions"]] == ["one"]
    assert api("DescribeStateMachineForExecution", executionArn=child.arn)["label"] == "each"
    assert api("UpdateMapRun", mapRunArn=run, maxConcurrency=5) == {}
    assert api("DescribeMapRun", mapRunArn=run)["maxConcurrency"] == 5
    assert refusal(api, "DescribeMapRun", mapRunArn=f"{run}2")[0] == "ResourceNotFound"


def test_an_activity_lives(api):
    made = api("CreateActivity", name="label")
    api.clock[0] += 1
    assert api("CreateActivity", name="label") == made == {"activityArn": ACTIVITY, "creationDate": 1.7e9}
    assert api("DescribeActivity", activityArn=ACTIVITY) == {
        **made,
        "name": "label",
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }
    assert api("ListActivities") == {"activities": [{**made, "name": "label"}]}
    assert api("GetActivityTask", activityArn=ACTIVITY, workerName="one") == {}
    api.runner.waiting = ("token", "{}")
    assert api("GetActivityTask", activityArn=ACTIVITY) == {"taskToken": "token", "input": "{}"}
    assert api.runner.asked == [("take", ACTIVITY, "one", 60.0), ("take", ACTIVITY, None, 60.0)]
    for _ in range(2):
        assert api("DeleteActivity", activityArn=ACTIVITY) == {}
    for operation in ("DescribeActivity", "GetActivityTask"):
        words = f"Activity Does Not Exist: '{ACTIVITY}'"
        assert refusal(api, operation, activityArn=ACTIVITY) == ("ActivityDoesNotExist", words)


def test_a_task_is_answered_by_its_token(api):
    api("SendTaskSuccess", taskToken="token", output='{"a": 1}')
    api("SendTaskFailure", taskToken="token", error="E")
    api("SendTaskHeartbeat", taskToken="token")
    assert api.runner.asked == [
        ("succeed", "token", {"a": 1}),
        ("fail", "token", "E", None),
        ("heartbeat", "token"),
    ]
    assert refusal(api, "SendTaskSuccess", taskToken="token", output="{")[0] == "InvalidOutput"
    assert refusal(api, "SendTaskHeartbeat", taskToken="none") == ("InvalidToken", "Invalid Token: 'Invalid token'")
    words = "Task Timed Out: 'Provided task does not exist anymore'"
    assert refusal(api, "SendTaskSuccess", taskToken="ended", output="{}") == ("TaskTimedOut", words)


def test_another_service_starts_an_execution_without_a_request(api):
    arn = starter(api.table)(api.machine(), name="event", input='{"a": 1}')
    assert api("DescribeExecution", executionArn=arn)["input"] == '{"a": 1}'
    with pytest.raises(Exception, match="State Machine Does Not Exist"):
        starter(api.table)(f"{ARN}2")
    with pytest.raises(Refused):
        api("DescribeExecution", executionArn=f"{arn}2")
