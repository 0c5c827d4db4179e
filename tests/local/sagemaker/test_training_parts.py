"""The parts of a training job that need no cloud."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from localcloud.s3 import objects
from localcloud.sagemaker import images
from localcloud.sagemaker.training import metrics, runner, sources

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "prefix", "path"),
    [
        ("data/train/a.png", "data/train", "a.png"),
        ("data/train/a.png", "data/train/", "a.png"),
        ("data/train/cats/a.png", "data/train", "cats/a.png"),
        ("data/train.lst", "data/train.lst", "train.lst"),
        ("data/part-0", "data/part", "part-0"),
        ("data/a.png", "", "data/a.png"),
        ("data//a.png", "data", "a.png"),
    ],
)
def test_objects_keep_their_path_below_the_prefix(key: str, prefix: str, path: str) -> None:
    assert str(sources.relative(key, prefix)) == path


@pytest.mark.parametrize("key", ["data/../../etc/passwd", "data/.."])
def test_refuses_a_key_that_leaves_the_channels_folder(key: str) -> None:
    with pytest.raises(sources.StagingError, match="cannot be a file's path"):
        sources.relative(key, "data")


@pytest.mark.parametrize(
    ("left", "code", "reason"),
    [
        ("ClientError: num_classes is missing", 2, "ClientError: num_classes is missing, exit code: 2"),
        ("AlgorithmError: out of memory\n", 1, "AlgorithmError: out of memory, exit code: 1"),
        ("something broke", 1, "AlgorithmError: something broke, exit code: 1"),
        (None, -9, "AlgorithmError: , exit code: 137"),
    ],
)
def test_a_failure_reason_says_whose_fault_it_is_and_the_exit_code(
    tmp_path: Path, left: str | None, code: int, reason: str
) -> None:
    if left is not None:
        (tmp_path / "failure").write_text(left)
    assert runner.failure_reason(tmp_path / "failure", code) == reason


def test_metrics_are_the_last_values_and_no_number_is_no_metric() -> None:
    found = metrics.LogMetrics()
    assert found.read("[01/28/2024 11:58:01 INFO 140] Epoch[0] Train-accuracy=0.5", NOW)
    new = found.read("[01/28/2024 11:58:05 INFO 140] Epoch[1] Train-accuracy=0.75", NOW)
    assert [one["MetricName"] for one in new] == ["train:accuracy", "train:accuracy:epoch"]
    (new,) = metrics.LogMetrics().read("[01/28/2024 11:58:06 INFO 140] Epoch[1] Validation-accuracy=0.5", NOW)[:1]
    assert (new["MetricName"], new["Value"]) == ("validation:accuracy", 0.5)
    assert not found.read("[01/28/2024 11:58:05 INFO 140] Epoch[1] Train-accuracy=nan", NOW)
    assert not found.read("[01/28/2024 11:58:05 INFO 140] Epoch[1] Time cost=5.0", NOW)
    assert found.final() == [
        {"MetricName": "train:accuracy", "Value": 0.75, "Timestamp": NOW},
        {"MetricName": "train:accuracy:epoch", "Value": 0.75, "Timestamp": NOW},
    ]


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1", "image-classification"),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification@sha256:0a", "image-classification"),
        ("localhost:5000/image-classification", "image-classification"),
        ("1.dkr.ecr.us-east-1.amazonaws.com/team/image-classification:1", "team/image-classification"),
    ],
)
def test_an_image_is_known_by_its_repository(image: str, name: str) -> None:
    assert images.repository(image) == name


@pytest.mark.parametrize("uri", ["", "bucket/key", "https://bucket/key", "s3://"])
def test_refuses_an_address_that_is_not_in_s3(uri: str) -> None:
    with pytest.raises(ValueError, match="must begin with s3://BUCKET/"):
        objects.split(uri)
