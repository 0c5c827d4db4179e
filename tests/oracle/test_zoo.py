"""A checkpoint as MXNet's model zoo has them, written by genuine MXNet: what is read of it answers as MXNet does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from imageclassification import artifact
from imageclassification.hyperparameters import parse
from imageclassification.network import Network
from imageclassification.pretrained import TrainingStart, num_layers

pytestmark = pytest.mark.nightly


def test_the_public_form_of_resnet_18_is_read_and_started_from(oracle: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (2, 3, 224, 224)).astype(np.float32)
    np.save(tmp_path / "images.npy", images)
    task = {"task": "zoo", "prefix": "resnet-18", "depth": 18, "classes": 1000, "shape": [3, 224, 224]}
    (made,) = oracle.run(tmp_path, [{**task, "images": "images.npy", "answers": "answers.npy"}])
    assert made.gave == ["resnet-18-0000.params", "resnet-18-symbol.json"]
    found = artifact.read(tmp_path / "resnet-18-0000.params")
    assert (num_layers(found.symbol), found.image_shape, found.num_classes) == (18, (3, 224, 224), 1000)
    with torch.inference_mode():
        answers = Network(found.symbol, found.parameters).eval()(torch.from_numpy(images)).numpy()
    wanted = np.load(tmp_path / "answers.npy")
    np.testing.assert_allclose(answers, wanted, atol=1e-4)
    assert np.abs(wanted[0] - wanted[1]).max() > 1e-3, "the images are not told apart, so that this could not fail"
    values = {"num_classes": 2, "num_training_samples": 900, "image_shape": (3, 56, 56), "num_layers": 18}
    start = TrainingStart.of(found, parse({**values, "use_pretrained_model": "1"}), seed=0)
    assert start.parameters["arg:fc1_weight"].shape == (2, 512)
    np.testing.assert_array_equal(start.parameters["arg:conv0_weight"], found.parameters["arg:conv0_weight"])
