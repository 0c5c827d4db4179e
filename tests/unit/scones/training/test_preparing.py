"""Preparing a training job: the first checks, the built data set, and the job's input."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from moto import mock_aws

from imageclassification.errors import HyperparameterError
from scones import aws, settings
from scones.errors import SettingsError
from scones.training.preparing import Order, Preparation
from scones.training.recipe import BACKBONE, FINE_TUNING, SMALL_IMAGES
from scones.training.spec import Placement

OUTPUTS = {
    "bucket": "scones",
    "training_role_arn": "arn:aws:iam::123456789012:role/training",
    "kms_key_arn": "key",
    "vpc": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
}
FEW = {"mini_batch_size": "8"}  # the archive has 36 training images of two classes


@pytest.fixture
def environment(tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> settings.Environment:
    """A new environment on a machine with the small archive."""
    monkeypatch.setenv("CIFAR100_ARCHIVE", str(archive))
    return dataclasses.replace(settings.load("dev", variables={}), root=tmp_path, classes=("bicycle", "motorcycle"))


def test_a_mistake_is_told_before_anything_is_built(environment: settings.Environment) -> None:
    with pytest.raises(HyperparameterError, match="did you mean learning_rate"):
        Preparation(environment, Order({"learning_rat": "1"}))
    cpu = dataclasses.replace(environment.training, instance_type="ml.m5.large")
    with pytest.raises(SettingsError, match="a CPU's"):
        Preparation(dataclasses.replace(environment, training=cpu), Order())
    assert not environment.build.exists()


def test_hyperparameters_count_the_data_set_once_it_is_there(environment: settings.Environment) -> None:
    preparation = Preparation(environment, Order(FEW, classes=("bus", "tank", "train")))
    ensured = preparation.build()
    chosen = preparation.hyperparameters
    assert (chosen.num_classes, chosen.num_training_samples) == (3, ensured.dataset.size("train"))
    assert ensured.dataset.classes == ("bus", "tank", "train")


def test_a_batch_larger_than_the_data_set_is_refused_when_its_size_is_known(environment: settings.Environment) -> None:
    preparation = Preparation(environment, Order())
    with pytest.raises(HyperparameterError, match="num_training_samples"):
        preparation.build()


def test_the_job_reads_what_was_uploaded_and_runs_where_the_foundation_says(environment: settings.Environment) -> None:
    with mock_aws():
        s3 = aws.client(environment, "s3")
        s3.create_bucket(Bucket="scones")
        preparation = Preparation(environment, Order(FEW, recordio=True))
        dataset = preparation.build().dataset
        spec = preparation.place(OUTPUTS)
        place = spec.dataset_uri.removeprefix("s3://scones/")
        description = json.loads(s3.get_object(Bucket="scones", Key=f"{place}/dataset.json")["Body"].read())
        keys = {one["Key"] for one in s3.list_objects_v2(Bucket="scones", Prefix=place)["Contents"]}
    assert description["fingerprint"] == dataset.fingerprint
    assert {f"{place}/train.rec", f"{place}/validation.rec"} <= keys
    assert (spec.recordio, spec.model_uri, spec.checkpoint_uri) == (True, None, None)
    assert (spec.bucket, spec.role_arn) == ("scones", OUTPUTS["training_role_arn"])
    assert spec.placement == Placement("key", ("subnet-1",), ("sg-1",))
    assert spec.hyperparameters == preparation.hyperparameters


def test_a_data_set_that_is_there_is_taken_unless_it_is_not_wanted(
    environment: settings.Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    Preparation(environment, Order(FEW)).build()
    monkeypatch.delenv("CIFAR100_ARCHIVE")
    assert "it is in" in Preparation(environment, Order(FEW)).build().reason
    monkeypatch.setattr("scones.dataset.choice.Download.fetch", lambda _: pytest.fail("a download was tried"))
    with pytest.raises(pytest.fail.Exception, match="a download was tried"):
        Preparation(environment, Order(FEW, reuse=False)).build()


@pytest.mark.parametrize(
    ("order", "recipe"),
    [(Order(), SMALL_IMAGES), (Order(model="3"), FINE_TUNING), (Order(backbone=True), BACKBONE)],
)
def test_each_kind_of_order_has_its_recipe(order: Order, recipe: dict[str, str]) -> None:
    assert order.recipe == recipe
