"""Preparing a training job: the first checks, the built data set, and the job's input."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from moto import mock_aws
from PIL import Image

from imageclassification.errors import HyperparameterError
from scones import aws, dataset, settings
from scones.dataset.standing import OtherOption
from scones.errors import DatasetError, SettingsError
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
    preparation = Preparation(environment, Order({"mini_batch_size": "64"}))
    with pytest.raises(HyperparameterError, match="num_training_samples"):
        preparation.build()
    with pytest.raises(HyperparameterError, match="num_training_samples"):  # the data set stands: before anything
        Preparation(environment, Order({"mini_batch_size": "64"}))


def test_default_batches_and_rates_fit_a_small_data_set_and_it_is_said(environment: settings.Environment) -> None:
    preparation = Preparation(environment, Order())
    preparation.build()
    chosen = preparation.hyperparameters
    assert (chosen.num_training_samples, chosen.mini_batch_size, chosen.learning_rate) == (36, 16, 0.025)
    assert preparation.adapted == {"mini_batch_size": "16", "learning_rate": "0.025"}
    own = Preparation(environment, Order({"learning_rate": "0.5"}))
    assert (own.hyperparameters.learning_rate, own.adapted) == (0.5, {"mini_batch_size": "16"})
    assert Preparation(environment, Order(FEW)).adapted == {}


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"num_classes": "5"}, "num_classes is 5, but the data set has 2 classes: bicycle, motorcycle"),
        ({"num_training_samples": "900"}, "but the data set has 36 training images"),
        ({"image_shape": "3,48,48", "num_layers": "18"}, "larger than the data set's images of 32 x 32 pixels"),
    ],
)
def test_what_contradicts_the_data_set_is_refused_before_anything_is_made(
    environment: settings.Environment, archive: Path, overrides: dict[str, str], said: str
) -> None:
    dataset.build(dataset.Archive(archive), ("bicycle", "motorcycle"), environment.build / "dataset")
    with pytest.raises(HyperparameterError, match=said):
        Preparation(environment, Order({**FEW, **overrides}))


def test_images_that_resize_enlarges_may_be_smaller_than_image_shape(environment: settings.Environment) -> None:
    larger = {**FEW, "image_shape": "3,48,48", "num_layers": "18", "resize": "50"}
    preparation = Preparation(environment, Order(larger))
    preparation.build()
    assert preparation.hyperparameters.resize == 50


def test_pretrained_weights_that_the_container_lacks_are_refused(environment: settings.Environment) -> None:
    overrides = {"use_pretrained_model": "1", "image_shape": "3,224,224", "num_layers": "18", "resize": "224"}
    assert Preparation(environment, Order(overrides)).hyperparameters.use_pretrained_model
    without = dataclasses.replace(environment.training, pretrained_weights=False)
    with pytest.raises(HyperparameterError, match="has no weights of its own"):
        Preparation(dataclasses.replace(environment, training=without), Order(overrides))


def test_the_job_reads_what_was_uploaded_and_runs_where_the_foundation_says(environment: settings.Environment) -> None:
    with mock_aws():
        s3 = aws.client(environment, "s3")
        s3.create_bucket(Bucket="scones")
        preparation = Preparation(environment, Order(FEW, recordio=True))
        built = preparation.build().dataset
        spec = preparation.place(OUTPUTS)
        place = spec.dataset_uri.removeprefix("s3://scones/")
        description = json.loads(s3.get_object(Bucket="scones", Key=f"{place}/dataset.json")["Body"].read())
        keys = {one["Key"] for one in s3.list_objects_v2(Bucket="scones", Prefix=place)["Contents"]}
    assert description["fingerprint"] == built.fingerprint
    assert {f"{place}/train.rec", f"{place}/validation.rec"} <= keys
    assert (spec.recordio, spec.model_uri, spec.checkpoint_uri) == (True, None, None)
    assert (spec.bucket, spec.role_arn) == ("scones", OUTPUTS["training_role_arn"])
    assert spec.placement == Placement("key", ("subnet-1",), ("sg-1",))
    assert spec.hyperparameters == preparation.hyperparameters


def test_the_data_set_that_stands_is_taken_with_its_classes_and_its_seed(
    environment: settings.Environment, archive: Path
) -> None:
    """CIFAR100_ARCHIVE is set, and the environment has other classes."""
    built = dataset.build(dataset.Archive(archive), ("tank", "bus", "train"), environment.build / "dataset", seed=7)
    preparation = Preparation(environment, Order(FEW))
    counted = preparation.hyperparameters
    assert (counted.num_classes, counted.num_training_samples) == (3, built.size("train"))
    ensured = preparation.build()
    assert (ensured.dataset, ensured.dataset.seed) == (built, 7)
    assert "tank, bus, train; seed 7" in ensured.reason


def test_the_network_sees_as_much_as_the_data_set_has_unless_its_shape_is_set(
    environment: settings.Environment, tmp_path: Path
) -> None:
    for shade, name in enumerate(("cross", "round")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            Image.new("RGB", (80, 70), (20 * number, 100 * shade, 9)).save(tmp_path / "photos" / name / f"{number}.png")
    folder = dataset.Folder(tmp_path / "photos", 64)
    dataset.build(folder, ("cross", "round"), environment.build / "dataset")
    followed = Preparation(environment, Order(FEW)).hyperparameters
    assert (followed.image_shape, followed.num_layers) == ((3, 56, 56), 18)
    fixed = Preparation(environment, Order({**FEW, "image_shape": "3,28,28"})).hyperparameters
    assert (fixed.image_shape, fixed.num_layers) == ((3, 28, 28), 20)


def test_a_contradiction_is_told_before_anything_is_made(environment: settings.Environment) -> None:
    Preparation(environment, Order(FEW)).build()
    before = (environment.build / "dataset" / "dataset.json").read_bytes()
    with pytest.raises(DatasetError, match="but --classes names 'bus' and 'tank'") as refused:
        Preparation(environment, Order(FEW, classes=("bus", "tank"), task="invoke tune"))
    assert "invoke tune --classes bicycle,motorcycle --env dev" in str(refused.value.hint)
    others = dataclasses.replace(environment, classes=("bus", "tank"))
    with pytest.raises(DatasetError, match="but the environment has 'bus' and 'tank'"):
        Preparation(others, Order(FEW))
    assert (environment.build / "dataset" / "dataset.json").read_bytes() == before
    assert Preparation(others, Order(FEW, reuse=False)).build().dataset.classes == ("bus", "tank")


@pytest.mark.parametrize(
    ("order", "recipe"),
    [(Order(), SMALL_IMAGES), (Order(model="3"), FINE_TUNING), (Order(backbone=True), BACKBONE)],
)
def test_each_kind_of_order_has_its_recipe(order: Order, recipe: dict[str, str]) -> None:
    assert order.recipe == recipe


def test_the_environment_or_the_order_says_whether_there_is_the_class_other(environment: settings.Environment) -> None:
    few = Order({"mini_batch_size": "8"}, other=OtherOption(True))
    preparation = Preparation(environment, few)
    assert preparation.hyperparameters.num_classes == 3, "it is counted before the data set is there"
    built = preparation.build().dataset
    assert built.classes == ("bicycle", "motorcycle", "other")
    assert (preparation.hyperparameters.num_classes, built.classes_from) == (3, "option")
    assert Preparation(environment, Order(FEW)).hyperparameters.num_classes == 3, "what a person has built stands"
    with pytest.raises(DatasetError, match="but --classes names"):
        Preparation(environment, Order(FEW, classes=("bicycle", "motorcycle")))
    setting = dataclasses.replace(environment, other=True, root=environment.root / "another")
    own = Preparation(setting, Order(FEW)).build().dataset
    assert (own.classes, own.classes_from) == (built.classes, "environment")
    with pytest.raises(DatasetError, match="but the environment has 'bicycle' and 'motorcycle'"):
        Preparation(dataclasses.replace(setting, other=False), Order(FEW))
