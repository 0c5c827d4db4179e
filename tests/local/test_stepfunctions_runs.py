"""Executions that wait, fail and go on: redrive, activities, Map runs, Express, and many at once."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from .conftest import ended, eventually

FAILS_UNTIL_MENDED = """
import boto3
def handler(event, context):
    s3 = boto3.client("s3")
    s3.put_object(Bucket="BUCKET", Key=f"calls/{event}-{context.aws_request_id}")
    if event == 2 and not s3.list_objects_v2(Bucket="BUCKET", Prefix="mended").get("KeyCount"):
        raise ValueError("not yet")
    return event * 10
"""


def calls(cloud: Any, bucket: str) -> list[str]:
    found = cloud.client("s3").list_objects_v2(Bucket=bucket, Prefix="calls/").get("Contents", [])
    return sorted(one["Key"].split("/")[1].split("-")[0] for one in found)


@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_a_redrive_runs_only_the_item_that_has_failed(cloud, function, state_machine, mode):
    bucket = f"tests-redrive-{mode.lower()}"
    cloud.client("s3").create_bucket(Bucket=bucket)
    arn = function(FAILS_UNTIL_MENDED.replace("BUCKET", bucket))
    processor: dict[str, Any] = {
        "ProcessorConfig": {"Mode": mode, **({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})},
        "StartAt": "Work",
        "States": {"Work": {"Type": "Task", "Resource": arn, "End": True}},
    }
    definition = {
        "StartAt": "All",
        "States": {"All": {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": processor, "End": True}},
    }
    client = cloud.client("stepfunctions")
    started = client.start_execution(stateMachineArn=state_machine(definition), input="[1, 2, 3]")["executionArn"]
    assert ended(client, started)["status"] == "FAILED"
    assert calls(cloud, bucket) == ["1", "2"]
    cloud.client("s3").put_object(Bucket=bucket, Key="mended")
    client.redrive_execution(executionArn=started)
    found = ended(client, started)
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", [10, 20, 30])
    assert found["redriveCount"] == 1
    assert calls(cloud, bucket) == ["1", "2", "2", "3"]


def test_an_activitys_worker_takes_beats_and_answers(cloud, state_machine):
    client = cloud.client("stepfunctions")
    activity = client.create_activity(name="tests-activity")["activityArn"]
    state = {"Type": "Task", "Resource": activity, "TimeoutSeconds": 60, "HeartbeatSeconds": 30, "End": True}
    arn = state_machine({"StartAt": "Ask", "States": {"Ask": state}})
    started = client.start_execution(stateMachineArn=arn, input='{"a": 1}')["executionArn"]
    taken = client.get_activity_task(activityArn=activity, workerName="tests")
    assert json.loads(taken["input"]) == {"a": 1}
    client.send_task_heartbeat(taskToken=taken["taskToken"])
    client.send_task_success(taskToken=taken["taskToken"], output='"done"')
    assert ended(client, started)["output"] == '"done"'
    with pytest.raises(client.exceptions.TaskTimedOut):
        client.send_task_success(taskToken=taken["taskToken"], output='"again"')
    client.delete_activity(activityArn=activity)


def test_a_map_run_counts_its_items_and_writes_its_results(cloud, state_machine):
    client, s3 = cloud.client("stepfunctions"), cloud.client("s3")
    s3.create_bucket(Bucket="tests-map-run")
    rows = "".join(f"{number},{number * number}\n" for number in range(12))
    s3.put_object(Bucket="tests-map-run", Key="squares.csv", Body=f"n,square\n{rows}")
    config = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
    state = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": config,
            "Parameters": {"Bucket": "tests-map-run", "Key": "squares.csv"},
        },
        "ItemBatcher": {"MaxItemsPerBatch": 5},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "Last",
            "States": {"Last": {"Type": "Pass", "OutputPath": "$.Items[-1:].square", "End": True}},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "tests-map-run", "Prefix": "results"},
        },
        "End": True,
    }
    started = client.start_execution(stateMachineArn=state_machine({"StartAt": "All", "States": {"All": state}}))
    found = ended(client, started["executionArn"])
    assert found["status"] == "SUCCEEDED", found
    run = client.list_map_runs(executionArn=started["executionArn"])["mapRuns"][0]["mapRunArn"]
    described = client.describe_map_run(mapRunArn=run)
    assert (described["status"], described["itemCounts"]["succeeded"]) == ("SUCCEEDED", 12)
    assert described["executionCounts"]["total"] == 3
    details = json.loads(found["output"])["ResultWriterDetails"]
    manifest = json.loads(s3.get_object(Bucket=details["Bucket"], Key=details["Key"])["Body"].read())
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    written = json.loads(s3.get_object(Bucket="tests-map-run", Key=file["Key"])["Body"].read())
    assert sorted(json.loads(one["Output"]) for one in written) == [["121"], ["16"], ["81"]]


def test_an_express_execution_answers_at_once(cloud, function, state_machine):
    client = cloud.client("stepfunctions")
    arn = function("def handler(event, context):\n    return event + 1\n")
    state = {"Type": "Task", "Resource": arn, "End": True}
    machine = state_machine({"StartAt": "Add", "States": {"Add": state}}, type="EXPRESS")
    found = client.start_sync_execution(stateMachineArn=machine, input="41")
    assert (found["status"], found["output"]) == ("SUCCEEDED", "42")
    with pytest.raises(client.exceptions.StateMachineTypeNotSupported):
        client.list_executions(stateMachineArn=machine)


def test_a_version_goes_on_with_the_definition_it_has(cloud, state_machine):
    client = cloud.client("stepfunctions")
    wait = {"Type": "Wait", "Seconds": 1, "Next": "Say"}
    say = {"Type": "Pass", "Result": "old", "End": True}
    definition = {"StartAt": "Wait", "States": {"Wait": wait, "Say": say}}
    arn = state_machine(definition)
    started = client.start_execution(stateMachineArn=arn)["executionArn"]
    client.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition).replace("old", "new"))
    assert ended(client, started)["output"] == '"old"'
    assert ended(client, client.start_execution(stateMachineArn=arn)["executionArn"])["output"] == '"new"'


def test_executions_that_wait_cost_no_thread(cloud, state_machine):
    client = cloud.client("stepfunctions")
    arn = state_machine({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}})

    def threads() -> int:
        status = Path(f"/proc/{cloud.running.pid}/status").read_text()
        return int(status.split("Threads:")[1].split()[0])

    before = threads()
    started = [client.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(100)]
    assert threads() < before + 20
    for one in started:
        client.stop_execution(executionArn=one)
    eventually(lambda: not client.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"])


def test_two_hundred_executions_end_with_their_own_results(cloud, function, state_machine):
    client = cloud.client("stepfunctions")
    arn = function("def handler(event, context):\n    return event * 2\n")
    states: dict[str, Any] = {
        f"Double {n}": {"Type": "Task", "Resource": arn, "Next": f"Double {n + 1}"} for n in (1, 2)
    }
    machine = state_machine({"StartAt": "Double 1", "States": {**states, "Double 3": {"Type": "Succeed"}}})
    found: dict[int, str] = {}

    def work(numbers: range) -> None:
        for number in numbers:
            started = client.start_execution(stateMachineArn=machine, input=str(number))["executionArn"]
            found[number] = ended(client, started)["output"]

    threads = [threading.Thread(target=work, args=(range(first, 200, 8),)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: str(number * 4) for number in range(200)}
