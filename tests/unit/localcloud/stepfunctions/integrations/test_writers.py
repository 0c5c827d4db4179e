"""The files of a ResultWriter: what they hold, and where they are."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.stepfunctions.integrations.writers import Child, details, place, result_files, write
from localcloud.stepfunctions.language.scope import StateFailure

MAP_RUN = "arn:aws:states:us-east-1:123456789012:mapRun:machine/Map:0a-1b"
GOOD = Child(
    name="one",
    machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:machine/Map",
    execution_arn="arn:aws:states:us-east-1:123456789012:execution:machine/Map:one",
    status="SUCCEEDED",
    input='"a"',
    output="[1,2]",
    started=1769558400.0,
    stopped=1769558400.5,
)
BAD = replace(GOOD, name="two", status="FAILED", output=None, error="E", cause="C")
WAITING = Child("three", GOOD.machine_arn, None, "PENDING", '"c"')


def files(config: dict[str, Any]) -> dict[str, bytes]:
    return result_files("bucket", "jobs", MAP_RUN, [GOOD, BAD, WAITING], config)


def test_the_manifest_names_every_file_and_its_size():
    found = files({})
    manifest = json.loads(found["jobs/0a-1b/manifest.json"])
    assert manifest["DestinationBucket"] == "bucket"
    assert manifest["MapRunArn"] == MAP_RUN
    assert manifest["ResultFiles"] == {
        name: [{"Key": f"jobs/0a-1b/{name}_0.json", "Size": len(found[f"jobs/0a-1b/{name}_0.json"])}]
        for name in ("FAILED", "PENDING", "SUCCEEDED")
    }
    assert details("bucket", "jobs", MAP_RUN) == {
        "MapRunArn": MAP_RUN,
        "ResultWriterDetails": {"Bucket": "bucket", "Key": "jobs/0a-1b/manifest.json"},
    }


def test_a_status_without_children_has_no_file():
    found = result_files("bucket", "", MAP_RUN, [GOOD], {})
    assert sorted(found) == ["0a-1b/SUCCEEDED_0.json", "0a-1b/manifest.json"]
    assert json.loads(found["0a-1b/manifest.json"])["ResultFiles"]["FAILED"] == []


def test_an_entry_is_the_whole_execution():
    found = files({})
    assert json.loads(found["jobs/0a-1b/SUCCEEDED_0.json"]) == [
        {
            "ExecutionArn": GOOD.execution_arn,
            "Input": '"a"',
            "InputDetails": {"Included": True},
            "Name": "one",
            "Output": "[1,2]",
            "OutputDetails": {"Included": True},
            "RedriveCount": 0,
            "RedriveStatus": "NOT_REDRIVABLE",
            "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
            "StartDate": "2026-01-28T00:00:00Z",
            "StateMachineArn": GOOD.machine_arn,
            "Status": "SUCCEEDED",
            "StopDate": "2026-01-28T00:00:00.500Z",
        }
    ]
    (failed,) = json.loads(found["jobs/0a-1b/FAILED_0.json"])
    assert (failed["Error"], failed["Cause"], failed["RedriveStatus"]) == ("E", "C", "REDRIVABLE_BY_MAP_RUN")
    (pending,) = json.loads(found["jobs/0a-1b/PENDING_0.json"])
    assert set(pending) == {"Input", "InputDetails", "Name", "StateMachineArn", "Status"}


@pytest.mark.parametrize(
    ("config", "name", "content"),
    [
        ({"Transformation": "COMPACT", "OutputType": "JSON"}, "SUCCEEDED_0.json", b"[[1,2]]"),
        ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, "SUCCEEDED_0.jsonl", b"1\n2"),
    ],
)
def test_outputs_alone_are_written_as_configured(config, name, content):
    found = files(config)
    assert found[f"jobs/0a-1b/{name}"] == content
    failed = found[f"jobs/0a-1b/{name.replace('SUCCEEDED', 'FAILED')}"]
    assert json.loads(failed.decode().strip("[]"))["Error"] == "E"  # one that failed keeps its whole entry


def test_a_bucket_that_refuses_fails_the_writer():
    class Refusing:
        def put_object(self, **_: Any) -> None:
            error = {"Code": "NoSuchBucket", "Message": "The specified bucket does not exist"}
            raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 404}}, "PutObject")

    with pytest.raises(StateFailure) as failed:
        write(Refusing(), "bucket", {"a": b""})
    assert failed.value.error == "States.ResultWriterFailed"
    assert failed.value.cause.startswith("The specified bucket does not exist (Service: Amazon S3; Status Code: 404; ")


def test_a_bucket_that_is_no_text_fails_the_writer():
    for arguments in ({}, {"Bucket": 5}, {"Bucket": "b", "Prefix": ["p"]}):
        with pytest.raises(StateFailure, match="must be a string but was"):
            place(arguments)
