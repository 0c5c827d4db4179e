"""The container's own weights are what their description says."""

from __future__ import annotations

import hashlib
import json

import pytest

from imageclassification import backbones, pretrained
from imageclassification.hyperparameters import parse

SMALL = {"num_classes": 2, "num_training_samples": 900, "num_layers": 20, "use_pretrained_model": "1"}


@pytest.mark.parametrize("path", sorted(backbones.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_backbone_is_the_artifact_that_its_description_is_of(path):
    said = json.loads(path.read_text())
    packed = path.with_suffix(".tar.gz")
    assert hashlib.sha256(packed.read_bytes()).hexdigest() == said["sha256"]
    assert packed.stat().st_size < 1_500_000
    found = backbones.fitting(parse(SMALL | {"image_shape": said["hyperparameters"]["image_shape"]}))
    assert found.path == packed
    made = found.artifact()
    assert made.num_classes == len(found.classes) == int(said["hyperparameters"]["num_classes"])
    assert ",".join(map(str, made.image_shape)) == said["hyperparameters"]["image_shape"]
    assert pretrained.num_layers(made.symbol) == found.num_layers
    assert made.epoch == said["epochs"]


def test_the_backbone_has_not_seen_the_classes_of_the_project():
    found = backbones.fitting(parse(SMALL | {"image_shape": (3, 28, 28)}))
    assert not found.seen(["bicycle", "motorcycle"])
    assert len(set(found.classes)) == 98


@pytest.mark.parametrize("shape", [(3, 28, 28), (3, 20, 24)])
def test_smaller_images_start_from_it_too(shape):
    chosen = parse(SMALL | {"image_shape": shape})
    start = pretrained.TrainingStart.of(backbones.fitting(chosen).artifact(), chosen, seed=0)
    assert start.parameters["arg:fc1_weight"].shape == (2, 64)
