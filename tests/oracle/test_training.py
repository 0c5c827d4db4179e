"""This project reads a network that genuine MXNet trained on images packed by its im2rec, and gives MXNet's answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from imageclassification import artifact
from imageclassification.network import Network

pytestmark = pytest.mark.nightly

SHAPE = (3, 12, 12)
IMAGES, EPOCHS = 64, 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Reddish images of class 0, bluish ones of class 1."""
    folder = tmp_path_factory.mktemp("training")
    (folder / "images").mkdir()
    random, lines, pixels = np.random.default_rng(2), [], []
    for number in range(IMAGES):
        picture = random.integers(0, 160, (14, 14, 3), np.uint8)
        picture[..., 2 * (number % 2)] += 60
        Image.fromarray(picture).save(folder / f"images/{number}.png")
        lines.append(f"{number}\t{number % 2}\t{number}.png\n")
        pixels.append(picture[1:13, 1:13].transpose(2, 0, 1))
    (folder / "images.lst").write_text("".join(lines))
    np.save(folder / "pixels.npy", np.stack(pixels).astype(np.float32))
    return folder


def test_a_network_trained_by_genuine_mxnet_answers_here_as_there(oracle, folder):
    packed, trained, answered = oracle.run(
        folder,
        [
            {"task": "im2rec", "images": "images", "listing": "images.lst", "prefix": "packed"},
            {
                "task": "train",
                "artifact": "model",
                "records": "packed.rec",
                "shape": SHAPE,
                "classes": 2,
                "epochs": EPOCHS,
                "batch": 4,
                "rate": 0.02,
            },
            {"task": "answer", "artifact": "model", "images": "pixels.npy", "answers": "answers.npy"},
        ],
    )
    assert (packed.raised, answered.raised) == (None, None)
    assert trained.gave > 0.5
    found = artifact.read(folder / "model")
    assert (found.epoch, found.image_shape, found.num_classes) == (EPOCHS, SHAPE, 2)
    pixels, wanted = np.load(folder / "pixels.npy"), np.load(folder / "answers.npy")
    with torch.inference_mode():
        answers = Network(found.symbol, found.parameters).eval()(torch.from_numpy(pixels)).numpy()
    np.testing.assert_allclose(answers, wanted, atol=1e-4)
    assert wanted.std(0).max() > 1e-3
