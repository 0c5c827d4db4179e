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
from scones.training.recipe import BACKBONE, FINE_TUNING, SMALL_IMAGES, TRANSFER
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


LARGE = {"use_pretrained_model": "1", "image_shape": "3,224,224", "num_layers": "18", "resize": "224"}


def with_own_weights(environment: settings.Environment, **hyperparameters: str) -> settings.Environment:
    """The environment with a container that has the project's own weights, as this machine's has."""
    training = dataclasses.replace(
        environment.training, pretrained_weights="cifar-100", hyperparameters={**FEW, **hyperparameters}
    )
    return dataclasses.replace(environment, training=training)


def test_pretrained_weights_that_the_container_lacks_are_refused(environment: settings.Environment) -> None:
    """AWS's container has ImageNet's, for large images; this machine's has its own, for small ones."""
    assert Preparation(environment, Order(LARGE)).hyperparameters.use_pretrained_model
    with pytest.raises(HyperparameterError, match="the container's own weights are for 3,224,224"):
        Preparation(environment, Order({"use_pretrained_model": "1"}))
    own = with_own_weights(environment)
    assert Preparation(own, Order({"use_pretrained_model": "1"})).hyperparameters.use_pretrained_model
    with pytest.raises(HyperparameterError, match="own weights are for num_layers 20") as raised:
        Preparation(own, Order(LARGE))
    assert "invoke train --model" in raised.value.hint
    assert not environment.build.exists()


def test_weights_that_have_seen_a_class_are_refused_unless_it_is_wanted(environment: settings.Environment) -> None:
    own = with_own_weights(environment)
    demanded = Order({"use_pretrained_model": "1"}, classes=("bicycle", "bus", "tank"))
    with pytest.raises(HyperparameterError, match="the container's own weights have seen 'bus' and 'tank'") as raised:
        Preparation(own, demanded)
    assert "--seen" in raised.value.hint
    assert "invoke train.backbone --without bicycle,bus,tank" in raised.value.hint
    wanted = Preparation(own, dataclasses.replace(demanded, seen=True))
    assert wanted.hyperparameters.use_pretrained_model
    assert "training starts from the container's own weights, of 98 classes of CIFAR-100" in str(wanted.beginning)


def test_an_environment_that_wishes_for_weights_trains_from_scratch_where_none_fit(
    environment: settings.Environment,
) -> None:
    """Its recipe is then that of scratch, and it is said what training starts from."""
    own = with_own_weights(environment, use_pretrained_model="1")
    weighted = Preparation(own, Order())
    assert weighted.hyperparameters.use_pretrained_model
    assert weighted.hyperparameters.learning_rate == float(TRANSFER["learning_rate"])
    assert "to start from scratch: --set use_pretrained_model=0" in str(weighted.beginning)
    for order, why in (
        (Order(classes=("bus", "tank")), "own weights have seen 'bus' and 'tank'"),
        (Order({"num_layers": "32"}), "own weights are for num_layers 20"),
        (Order({"use_pretrained_model": "0"}), "from scratch, by use_pretrained_model=0"),
    ):
        scratch = Preparation(own, order)
        assert not scratch.hyperparameters.use_pretrained_model
        assert scratch.hyperparameters.epochs == int(SMALL_IMAGES["epochs"])
        assert why in str(scratch.beginning)
    backbone = Preparation(own, Order(backbone=True))
    assert (backbone.hyperparameters.use_pretrained_model, backbone.beginning) == (False, None)


def test_the_data_set_that_is_built_decides_whether_its_classes_have_been_seen(
    environment: settings.Environment, archive: Path
) -> None:
    own = with_own_weights(environment, use_pretrained_model="1")
    dataset.build(dataset.Archive(archive), ("tank", "bus"), environment.build / "dataset")
    assert not Preparation(own, Order()).hyperparameters.use_pretrained_model


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
    assert order.recipe(pretrained=False) == recipe
    assert order.recipe(pretrained=True) == (BACKBONE if order.backbone else TRANSFER)


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
