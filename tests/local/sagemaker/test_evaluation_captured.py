"""The endpoint's captured data holds each image of an evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scones.dataset import LabelledImage
from scones.model import evaluation
from scones.service import capture

NAME = "evaluated"
CLASSES = ("red", "blue")


def configure(sagemaker: Any, name: str, destination: str) -> None:
    """A configuration that captures all requests."""
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": NAME,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
        ],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": destination,
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        },
    )


@pytest.fixture(scope="module")
def endpoint(cloud: Any, bucket: str, trained: dict[str, Any], wait_for: Any) -> Iterator[str]:
    """An endpoint of the trained model that captures all requests, configured as in the service stack."""
    sagemaker = cloud.client("sagemaker")
    container = {
        "Image": trained["AlgorithmSpecification"]["TrainingImage"],
        "ModelDataUrl": trained["ModelArtifacts"]["S3ModelArtifacts"],
    }
    sagemaker.create_model(ModelName=NAME, PrimaryContainer=container, ExecutionRoleArn=trained["RoleArn"])
    configure(sagemaker, NAME, f"s3://{bucket}/captures")
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    described = wait_for(
        lambda: sagemaker.describe_endpoint(EndpointName=NAME), lambda found: found["EndpointStatus"] != "Creating"
    )
    assert described["EndpointStatus"] == "InService"
    yield NAME
    sagemaker.delete_endpoint(EndpointName=NAME)


def test_every_evaluated_image_is_captured_with_its_name_its_bytes_and_its_answer(
    cloud: Any, bucket: str, endpoint: str, images: Any, tmp_path: Path, wait_for: Any
) -> None:
    split = []
    for number in range(12):
        path = tmp_path / f"image {number}.png"
        path.write_bytes(images(number % 2, 500 + number))
        split.append(LabelledImage(path=path, label=number % 2, name=path.name))
    found = evaluation.evaluate(cloud.client("sagemaker-runtime"), endpoint, split, classes=CLASSES, workers=4)

    def download() -> capture.Capture:
        files = capture.download(cloud.client("s3"), f"s3://{bucket}/captures", endpoint, tmp_path / "captures")
        return capture.read(files.paths)

    captured = wait_for(download, lambda one: len(one.events) >= len(split))
    assert not captured.broken
    by_name = {event.name: event for event in captured.events}
    assert sorted(by_name) == sorted(found.names)
    for one, probabilities in zip(split, found.probabilities.tolist(), strict=True):
        assert by_name[one.name].probabilities == tuple(probabilities)
        assert capture.image(by_name[one.name]) == one.path.read_bytes()
        assert by_name[one.name].inference_id.startswith("evaluate-")

    page = capture.report.write(captured, tmp_path / "report", threshold=0.8, subject=endpoint)
    text = page.read_text()
    assert text.count("data:image/png;base64,") == 8 + 12
    assert "image 0.png" in text


def test_an_update_leaves_every_answer_with_the_model_that_gave_it(
    cloud: Any, bucket: str, endpoint: str, images: Any, tmp_path: Path, wait_for: Any
) -> None:
    """Both fleets answer for a while. Each captures into the folder of its own configuration."""
    sagemaker, runtime = cloud.client("sagemaker"), cloud.client("sagemaker-runtime")
    folder = f"s3://{bucket}/captures/{NAME}/AllTraffic.group"
    sent: dict[str, str] = {}

    def state() -> str:
        return sagemaker.describe_endpoint(EndpointName=NAME)["EndpointStatus"]

    def send(when: str) -> None:
        name = f"{when}-{len(sent)}"
        runtime.invoke_endpoint(
            EndpointName=NAME, ContentType="image/png", Accept="application/json", InferenceId=name, Body=images(0, 1)
        )
        sent[name] = when

    def update(version: int, when: str = "") -> None:
        configure(sagemaker, f"{NAME}-{version}", f"{folder}.{version}")
        sagemaker.update_endpoint(EndpointName=NAME, EndpointConfigName=f"{NAME}-{version}")
        wait_for(lambda: (when and send(when), state())[1], lambda found: found == "InService")

    update(1)
    for _ in range(3):
        send("before")
    update(2, when="during")
    for _ in range(3):
        send("after")

    def download() -> capture.Capture:
        files = capture.download(cloud.client("s3"), f"s3://{bucket}/captures", endpoint, tmp_path / "captures")
        return capture.read(files.paths)

    captured = wait_for(download, lambda one: {event.inference_id for event in one.events} >= sent.keys())
    found = {event.inference_id: event.answerer.name for event in captured.events if event.inference_id in sent}
    assert {found[name] for name, when in sent.items() if when == "before"} == {"version 1"}
    assert {found[name] for name, when in sent.items() if when == "during"} <= {"version 1", "version 2"}
    assert {found[name] for name, when in sent.items() if when == "after"} == {"version 2"}
