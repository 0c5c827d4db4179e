"""Data capture writes the same JSON lines as AWS, for the configured share of requests and directions."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localcloud.iam.record import Record
from localcloud.iam.roles import Roles
from localcloud.sagemaker.hosting import capture
from localcloud.sagemaker.role import ExecutionRole
from localcloud.services import registered

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
NOW = datetime(2026, 1, 28, 12, 9, 35, 872_400, tzinfo=UTC)
PNG = capture.Message("image/png", b"\x89PNG")
ANSWER = capture.Message("application/json", b"[0.25, 0.75]")
BOTH = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]


def test_what_passes_is_base64_where_its_content_type_is_not_listed() -> None:
    line = capture.event({"CaptureOptions": BOTH}, request=PNG, answer=ANSWER, now=NOW)
    assert list(line) == ["captureData", "eventMetadata", "eventVersion"]
    assert line["captureData"] == {
        "endpointInput": {
            "observedContentType": "image/png",
            "mode": "INPUT",
            "data": base64.b64encode(b"\x89PNG").decode(),
            "encoding": "BASE64",
        },
        "endpointOutput": {
            "observedContentType": "application/json",
            "mode": "OUTPUT",
            "data": base64.b64encode(b"[0.25, 0.75]").decode(),
            "encoding": "BASE64",
        },
    }
    assert set(line["eventMetadata"]) == {"eventId", "inferenceTime"}
    assert line["eventMetadata"]["inferenceTime"] == "2026-01-28T12:09:35Z"
    assert line["eventVersion"] == "0"


def test_listed_content_types_are_kept_as_text() -> None:
    config = {
        "CaptureOptions": BOTH,
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"], "CsvContentTypes": ["text/csv"]},
    }
    csv = capture.Message("text/csv; charset=utf-8", b"1,2")
    sides = capture.event(config, request=csv, answer=ANSWER, now=NOW)["captureData"]
    assert (sides["endpointInput"]["encoding"], sides["endpointInput"]["data"]) == ("CSV", "1,2")
    assert (sides["endpointOutput"]["encoding"], sides["endpointOutput"]["data"]) == ("JSON", "[0.25, 0.75]")
    not_text = capture.Message("text/csv", b"\xff\xfe")
    assert capture.event(config, request=not_text, answer=ANSWER, now=NOW)["captureData"]["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": "//4=",
        "encoding": "BASE64",
    }


@pytest.mark.parametrize(
    ("mode", "sides"),
    [
        ("Input", ["endpointInput"]),
        ("Output", ["endpointOutput"]),
        ("InputAndOutput", ["endpointInput", "endpointOutput"]),
    ],
)
def test_only_the_directions_asked_for_are_captured(mode: str, sides: list[str]) -> None:
    line = capture.event({"CaptureOptions": [{"CaptureMode": mode}]}, request=PNG, answer=ANSWER, now=NOW)
    assert list(line["captureData"]) == sides


def test_the_callers_identifiers_are_kept() -> None:
    line = capture.event(
        {"CaptureOptions": BOTH}, request=PNG, answer=ANSWER, now=NOW, inference_id="run-1", custom_attributes="a/b.png"
    )
    assert line["eventMetadata"]["inferenceId"] == "run-1"
    assert line["eventMetadata"]["customAttributes"] == ["a/b.png"]


def test_the_sampling_percentage_decides() -> None:
    config = {"EnableCapture": True, "InitialSamplingPercentage": 25}
    assert capture.sampled(config, lambda: 0.2499)
    assert not capture.sampled(config, lambda: 0.25)
    assert not capture.sampled({**config, "EnableCapture": False}, lambda: 0.0)
    assert not capture.sampled(None, lambda: 0.0)


def test_a_file_lies_where_aws_puts_it() -> None:
    role = ExecutionRole(
        Roles(Record(Path("nowhere")), registered()), "arn:aws:iam::123456789012:role/a", "123456789012", "us-east-1"
    )
    target = capture.Target(role, "s3://bucket/captures/", "scones", "AllTraffic")
    assert re.fullmatch(
        r"s3://bucket/captures/scones/AllTraffic/2026/01/28/12/09-35-872-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl",
        capture.key(target, NOW),
    )


def test_every_answer_of_an_endpoint_is_in_s3_once(
    cloud: Any, trained: dict[str, Any], bucket: str, images: Any, wait_for: Any
) -> None:
    sagemaker, runtime, s3 = (cloud.client(name) for name in ("sagemaker", "sagemaker-runtime", "s3"))
    container = {"Image": IMAGE, "ModelDataUrl": trained["ModelArtifacts"]["S3ModelArtifacts"]}
    sagemaker.create_model(
        ModelName="captured", ExecutionRoleArn="arn:aws:iam::123456789012:role/scones", PrimaryContainer=container
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="captured",
        ProductionVariants=[
            {"VariantName": "A", "ModelName": "captured", "InstanceType": "ml.t2.medium", "InitialInstanceCount": 1}
        ],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{bucket}/captures",
            "CaptureOptions": BOTH,
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        },
    )
    sagemaker.create_endpoint(EndpointName="captured", EndpointConfigName="captured")
    description = wait_for(
        lambda: sagemaker.describe_endpoint(EndpointName="captured"),
        lambda found: found["EndpointStatus"] != "Creating",
    )
    assert description["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/captures",
        "KmsKeyId": "",
    }
    answers = {}
    for index in range(5):
        answer = runtime.invoke_endpoint(
            EndpointName="captured",
            ContentType="image/png",
            Body=images(index % 2, index),
            InferenceId=f"run-{index}",
            CustomAttributes=f"images/{index}.png",
        )
        answers[f"run-{index}"] = answer["Body"].read().decode()
    with pytest.raises(runtime.exceptions.ModelError):
        runtime.invoke_endpoint(EndpointName="captured", ContentType="image/png", Body=b"no picture")

    def events() -> list[dict[str, Any]]:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix="captures/captured/A/").get("Contents", [])
        bodies = [s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read().decode() for each in listed]
        return [json.loads(line) for body in bodies for line in body.splitlines()]

    found = wait_for(events, lambda rows: len(rows) >= 5, seconds=10)
    sagemaker.delete_endpoint(EndpointName="captured")
    wait_for(lambda: sagemaker.list_endpoints(NameContains="captured")["Endpoints"], lambda endpoints: not endpoints)
    assert len(events()) == 5
    outputs = {each["eventMetadata"]["inferenceId"]: each["captureData"]["endpointOutput"]["data"] for each in found}
    assert outputs == answers
    for each in found:
        index = int(each["eventMetadata"]["inferenceId"].removeprefix("run-"))
        assert each["eventMetadata"]["customAttributes"] == [f"images/{index}.png"]
        assert base64.b64decode(each["captureData"]["endpointInput"]["data"]) == images(index % 2, index)
