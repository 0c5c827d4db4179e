"""Jobs that read RecordIO and augmented manifests, through pipes, and keep checkpoints in S3."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from imageclassification.recordio import ImageRecord, encode

EPOCHS = {"epochs": "1"}


@pytest.fixture(scope="module")
def sagemaker(cloud: Any) -> Any:
    return cloud.client("sagemaker")


@pytest.fixture(scope="module")
def s3(cloud: Any) -> Any:
    return cloud.client("s3")


def listed(s3: Any, bucket: str, split: str) -> list[tuple[int, str]]:
    """The label and the key of each image of a split."""
    lines = s3.get_object(Bucket=bucket, Key=f"data/lst/{split}.lst")["Body"].read().decode().splitlines()
    return [(int(label), f"data/{split}/{name}") for _, label, name in (line.split("\t") for line in lines)]


def channels(bucket: str, pattern: str, **settings: Any) -> list[dict[str, Any]]:
    source = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated", **settings.pop("source", {})}
    return [
        {
            "ChannelName": split,
            "ContentType": "application/x-recordio",
            "DataSource": {"S3DataSource": {**source, "S3Uri": f"s3://{bucket}/{pattern.format(split)}"}},
            **settings,
        }
        for split in ("train", "validation")
    ]


def logged(cloud: Any, name: str, pattern: str) -> list[str]:
    """The matches of a pattern in a job's log."""
    logs = cloud.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
    if not streams:
        return []
    stream = streams[0]["logStreamName"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
    return [found for event in events for found in re.findall(pattern, event["message"])]


def accuracies(cloud: Any, name: str) -> list[str]:
    return logged(cloud, name, r"\S+-accuracy=\S+")


@pytest.fixture(scope="module")
def from_images(cloud: Any, trained: dict[str, Any]) -> list[str]:
    """The first epoch's accuracies of a job that reads the images as single files."""
    first = accuracies(cloud, trained["TrainingJobName"])[:2]
    assert len(first) == 2
    return first


def test_an_augmented_manifest_trains_as_its_images_do(
    cloud: Any, sagemaker: Any, s3: Any, job_request: Any, finish: Any, bucket: str, from_images: list[str]
) -> None:
    for split in ("train", "validation"):
        lines = [
            json.dumps({"class": str(label), "source-ref": f"s3://{bucket}/{key}", "class-metadata": {"human": "yes"}})
            for label, key in listed(s3, bucket, split)
        ]
        s3.put_object(Bucket=bucket, Key=f"manifests/{split}.jsonl", Body="\n".join(lines) + "\n")
    source = {"S3DataType": "AugmentedManifestFile", "AttributeNames": ["source-ref", "class"]}
    given = channels(bucket, "manifests/{}.jsonl", source=source, InputMode="Pipe", RecordWrapperType="RecordIO")
    sagemaker.create_training_job(**job_request("manifest", hyperparameters=EPOCHS, InputDataConfig=given))
    job = finish("manifest")
    assert job["TrainingJobStatus"] == "Completed", job
    assert job["InputDataConfig"] == [{"CompressionType": "None", **channel} for channel in given]
    assert accuracies(cloud, "manifest") == from_images


def test_packed_recordio_through_a_pipe_trains_as_its_images_do(
    cloud: Any, sagemaker: Any, s3: Any, job_request: Any, finish: Any, bucket: str, from_images: list[str]
) -> None:
    for split in ("train", "validation"):
        packed = b"".join(
            encode(ImageRecord((label,), s3.get_object(Bucket=bucket, Key=key)["Body"].read(), id=number).pack())
            for number, (label, key) in enumerate(listed(s3, bucket, split))
        )
        s3.put_object(Bucket=bucket, Key=f"records/{split}.rec.gz", Body=gzip.compress(packed))
    request = job_request("records", hyperparameters=EPOCHS)
    request["AlgorithmSpecification"]["TrainingInputMode"] = "Pipe"
    request["InputDataConfig"] = channels(bucket, "records/{}.rec.gz", CompressionType="Gzip")
    sagemaker.create_training_job(**request)
    job = finish("records")
    assert job["TrainingJobStatus"] == "Completed", job
    assert accuracies(cloud, "records") == from_images


def test_what_does_not_fit_is_the_jobs_failure_reason(
    sagemaker: Any, s3: Any, job_request: Any, finish: Any, bucket: str
) -> None:
    for split in ("train", "validation"):
        body = encode(ImageRecord((7,), b"image").pack())
        s3.put_object(Bucket=bucket, Key=f"unfit/{split}.rec", Body=body)
    given = channels(bucket, "unfit/{}.rec", InputMode="Pipe")
    sagemaker.create_training_job(**job_request("unfit", InputDataConfig=given))
    job = finish("unfit")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: channel 'train': record 0 has label 7, but num_classes is 2")


def test_bytes_that_cannot_be_had_fail_a_job_that_waits_for_them(
    sagemaker: Any, s3: Any, job_request: Any, finish: Any, bucket: str
) -> None:
    for split in ("train", "validation"):
        s3.put_object(Bucket=bucket, Key=f"unpacked/{split}.rec", Body=b"not packed")
    given = channels(bucket, "unpacked/{}.rec", InputMode="Pipe", CompressionType="Gzip")
    sagemaker.create_training_job(**job_request("unpacked", InputDataConfig=given))
    job = finish("unpacked")
    assert job["TrainingJobStatus"] == "Failed"
    assert f"ClientError: s3://{bucket}/unpacked/train.rec is not packed with gzip" in job["FailureReason"]


def test_a_stopped_job_that_reads_pipes_leaves_nothing_and_another_goes_on_from_its_checkpoint(
    cloud: Any, sagemaker: Any, s3: Any, job_request: Any, finish: Any, wait_for: Any, bucket: str
) -> None:
    for split in ("train", "validation"):
        packed = b"".join(
            encode(ImageRecord((label,), s3.get_object(Bucket=bucket, Key=key)["Body"].read()).pack())
            for label, key in listed(s3, bucket, split)
        )
        s3.put_object(Bucket=bucket, Key=f"plain/{split}.rec", Body=packed)
    given = channels(bucket, "plain/{}.rec", InputMode="Pipe", ShuffleConfig={"Seed": 3})

    def stopped(name: str, until: str) -> list[str]:
        """Stop a job when its log has a certain line, and return its accuracies."""
        request = job_request(name, hyperparameters={"epochs": "5000"}, InputDataConfig=given)
        request["CheckpointConfig"] = {"S3Uri": f"s3://{bucket}/checkpoints/piped"}
        sagemaker.create_training_job(**request)
        wait_for(lambda: logged(cloud, name, until), bool)
        sagemaker.stop_training_job(TrainingJobName=name)
        job = finish(name)
        assert (job["TrainingJobStatus"], job["CheckpointConfig"]) == ("Stopped", request["CheckpointConfig"])
        wait_for(lambda: (Path(cloud.state) / "training" / name).exists(), lambda there: not there)
        return logged(cloud, name, r"\S+ Validation-accuracy=\S+")

    first = stopped("piped", "Validation-accuracy")
    second = stopped("piped-on", "Going on after epoch")
    assert logged(cloud, "piped-on", r"Going on after epoch (\d+)") == [str(len(first) - 1)]
    assert second[: len(first)] == first
