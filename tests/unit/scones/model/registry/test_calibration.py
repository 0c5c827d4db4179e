"""Every registered model is calibrated on the validation images: a training job's model, and one from elsewhere."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imageclassification import artifact as artifacts
from imageclassification import symbol
from imageclassification.artifact import Artifact
from imageclassification.errors import ArtifactError
from imageclassification.network import Network
from imageclassification.predictor import Predictor
from scones.dataset import Dataset
from scones.errors import InputError
from scones.model import registry
from scones.model.measures import expected_calibration_error

CLASSES = ("bicycle", "motorcycle")


@pytest.fixture
def trained(cloud: Any, shades: Dataset, overconfident: Path) -> Any:
    """The cloud with a job that trained the overconfident model on the shades."""
    cloud.put(f"models/{cloud.job}/output/model.tar.gz", overconfident.read_bytes())
    for path in [shades.root / "validation.lst", *(image.path for image in shades.images("validation"))]:
        cloud.put(f"datasets/5f/{path.relative_to(shades.root).as_posix()}", path.read_bytes())
    return cloud


def stored(cloud: Any, uri: str, folder: Path) -> Predictor:
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    path = folder / "stored.tar.gz"
    path.write_bytes(cloud.s3.objects[bucket, key])
    return Predictor.load(path)


def test_a_job_s_model_is_registered_calibrated_with_its_answers_as_they_were(
    trained: Any, shades: Dataset, overconfident: Path, tmp_path: Path
) -> None:
    model = trained.register().model
    assert trained.said == []
    assert model.artifact_uri == f"s3://scones/models/{trained.job}/calibrated/model.tar.gz"
    content = trained.s3.objects["scones", f"models/{trained.job}/calibrated/model.tar.gz"]
    assert model.artifact_sha256 == hashlib.sha256(content).hexdigest()
    assert trained.pinned == model

    images = [image.path.read_bytes() for image in shades.images("validation")]
    labels = np.array([image.label for image in shades.images("validation")])
    before = Predictor.load(overconfident).probabilities(images)
    after = stored(trained, model.artifact_uri, tmp_path).probabilities(images)
    assert np.array_equal(after.argmax(axis=1), before.argmax(axis=1))
    assert before.max(axis=1).mean() > 0.99
    assert after.max(axis=1).mean() == pytest.approx(5 / 6, abs=0.03), "as sure as it is right"
    assert model.metrics["validation:ece"] == pytest.approx(expected_calibration_error(before, labels), abs=1e-5)
    assert model.metrics["validation:ece_calibrated"] == pytest.approx(
        expected_calibration_error(after, labels), abs=1e-5
    )
    assert model.metrics["temperature"] > 2
    assert model.metrics["validation:accuracy"] == 0.91, "the algorithm's own figure stays"
    said = registry.verdict(trained.environment, trained.register())
    assert f"temperature {model.metrics['temperature']:.2f}" in said


def test_of_a_model_with_other_the_accuracy_on_the_wanted_classes_is_registered_too(trained: Any) -> None:
    """Here what is light is other. All that is wrong is of light images which are dark."""
    assert "validation:wanted_accuracy" not in trained.register().model.metrics
    trained.sagemaker.packages.clear()
    description = {"classes": ["bicycle", "other"], "fingerprint": "5f" * 32}
    trained.put("datasets/5f/dataset.json", json.dumps(description).encode())
    model = trained.register().model
    assert model.metrics["validation:wanted_accuracy"] == 1.0
    assert model.metrics["validation:accuracy"] == 0.91, "the algorithm's figure is over all classes"
    assert json.loads(trained.environment.pin_path.read_text())["model"]["other_class"] == "other"


def test_says_so_where_what_is_registered_already_is_not_what_was_asked_for(trained: Any) -> None:
    trained.register()
    assert "temperature" in trained.register(calibrate=False).model.metrics
    assert trained.said == [f"training job '{trained.job}' is registered already, as version 1, calibrated"]


def test_registering_again_makes_no_second_version_and_no_second_artifact(trained: Any) -> None:
    first = trained.register()
    objects = dict(trained.s3.objects)
    assert trained.register() == first
    assert trained.s3.objects == objects
    trained.pin(1)


def test_calibrating_again_writes_the_same_bytes(trained: Any) -> None:
    first = trained.register()
    trained.sagemaker.packages.clear()
    assert trained.register().model.artifact_sha256 == first.model.artifact_sha256


def test_who_wants_no_calibration_gets_the_job_s_own_artifact(trained: Any) -> None:
    model = trained.register(calibrate=False).model
    assert model.artifact_uri.endswith("/output/model.tar.gz")
    assert set(model.metrics) == {"train:accuracy", "validation:accuracy"}
    assert trained.said == []


def test_of_the_epochs_of_an_uncalibrated_artifact_only_the_last_is_registered(
    trained: Any, overconfident: Path, tmp_path: Path
) -> None:
    """Which of several epochs' parameters SageMaker's container would serve is not documented."""
    folder = tmp_path / "model"
    last = artifacts.read(overconfident)
    for epoch in (10, 20):
        artifacts.write(folder, dataclasses.replace(last, epoch=epoch), beside=True)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    trained.put(f"models/{trained.job}/output/model.tar.gz", packed.getvalue())
    model = trained.register(calibrate=False).model
    stored(trained, model.artifact_uri, tmp_path)
    assert artifacts.epochs(tmp_path / "stored.tar.gz") == [20]
    assert model.artifact_sha256 == hashlib.sha256((tmp_path / "stored.tar.gz").read_bytes()).hexdigest()


@pytest.mark.parametrize("gone", ["validation.lst", "validation/7.png"])
def test_without_its_validation_images_a_model_is_registered_as_it_is_and_that_is_said(trained: Any, gone: str) -> None:
    del trained.s3.objects["scones", f"datasets/5f/{gone}"]
    model = trained.register().model
    assert model.artifact_uri.endswith("/output/model.tar.gz")
    assert "temperature" not in model.metrics
    [said] = trained.said
    assert "without calibration" in said
    assert f"s3://scones/datasets/5f/{gone} is not there" in said


def test_too_few_validation_images_calibrate_nothing(trained: Any) -> None:
    lines = trained.s3.objects["scones", "datasets/5f/validation.lst"].splitlines(keepends=True)
    trained.put("datasets/5f/validation.lst", b"".join(lines[:5]))
    assert "temperature" not in trained.register().model.metrics
    assert "5 validation images are too few" in trained.said[0]


def several_labels(folder: Path) -> Path:
    drawn = symbol.resnet(20, 2, (3, 8, 8), multi_label=True)
    network = Network.fresh(drawn, (3, 8, 8), seed=1)
    shapes = [{"name": "data", "shape": [4, 3, 8, 8]}]
    return artifacts.write(folder / "model.tar.gz", Artifact(drawn, network.parameter_arrays(), shapes, 1))


def test_a_model_of_several_labels_an_image_is_registered_as_it_is(trained: Any, tmp_path: Path) -> None:
    trained.put(f"models/{trained.job}/output/model.tar.gz", several_labels(tmp_path).read_bytes())
    assert trained.register().model.artifact_uri.endswith("/output/model.tar.gz")
    assert "several labels an image" in trained.said[0]


def test_a_model_from_elsewhere_is_measured_calibrated_and_pinned(
    cloud: Any, shades: Dataset, overconfident: Path, tmp_path: Path
) -> None:
    version = cloud.bring(overconfident, CLASSES, dataset=shades)
    model = version.model
    assert (version.status, cloud.pinned) == ("Approved", model)
    assert model.image_uri == "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
    assert model.metrics["validation:accuracy"] == pytest.approx(30 / 36, abs=1e-6)
    assert model.metrics["validation:ece_calibrated"] < model.metrics["validation:ece"]
    assert model.artifact_uri == f"s3://scones/models/imported/{model.artifact_sha256}/model.tar.gz"
    assert (model.class_labels, model.dataset_fingerprint) == (CLASSES, shades.fingerprint)
    light = [shades.images("validation")[1].path.read_bytes()]
    assert stored(cloud, model.artifact_uri, tmp_path).probabilities(light)[0, 1] < 0.95
    assert cloud.said == []


def test_the_same_model_from_elsewhere_is_registered_once(cloud: Any, shades: Dataset, overconfident: Path) -> None:
    first = cloud.bring(overconfident, CLASSES, dataset=shades)
    uri = cloud.put("somewhere/model.tar.gz", overconfident.read_bytes())
    assert cloud.bring(uri, CLASSES, dataset=shades) == first
    assert cloud.bring(uri, CLASSES, dataset=shades, calibrate=False).version == 2


def test_the_registry_s_rounding_does_not_make_it_another(cloud: Any, shades: Dataset, overconfident: Path) -> None:
    for _ in range(2):
        version = cloud.bring(overconfident, CLASSES, dataset=shades, calibrate=False)
    assert version.version == 1
    assert version.model.metrics["validation:ece"] == pytest.approx(1 / 6, abs=0.01)
    assert version.model.artifact_sha256 == hashlib.sha256(overconfident.read_bytes()).hexdigest()


def test_a_model_of_unmeasured_accuracy_waits_for_approval(cloud: Any, overconfident: Path) -> None:
    version = cloud.bring(overconfident, CLASSES)
    assert (version.status, version.accuracy) == ("PendingManualApproval", None)
    assert (version.model.dataset_fingerprint, version.model.git_commit) == ("", "")
    assert "accuracy is unknown" in cloud.said[0]
    assert cloud.pin(1, approve=True).status == "Approved"


def test_a_model_that_is_wrong_too_often_waits_for_approval(cloud: Any, shades: Dataset, overconfident: Path) -> None:
    strict = dataclasses.replace(cloud.environment.training, minimum_validation_accuracy=0.9)
    cloud.environment = dataclasses.replace(cloud.environment, training=strict)
    assert cloud.bring(overconfident, CLASSES, dataset=shades).status == "PendingManualApproval"


def test_classes_that_are_not_the_model_s_are_refused(cloud: Any, shades: Dataset, overconfident: Path) -> None:
    with pytest.raises(InputError, match="has 2 classes; 3 are named: a, b, c"):
        cloud.bring(overconfident, ("a", "b", "c"))
    with pytest.raises(InputError, match="has the classes bicycle, motorcycle, not motorcycle, bicycle"):
        cloud.bring(overconfident, CLASSES[::-1], dataset=shades)
    assert not cloud.sagemaker.packages


def test_what_is_no_artifact_is_refused_and_nothing_is_uploaded(cloud: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"no archive")
    before = dict(cloud.s3.objects)
    with pytest.raises(ArtifactError, match="is not a model"):
        cloud.bring(path, CLASSES)
    assert cloud.s3.objects == before
