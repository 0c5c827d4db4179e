"""A model that is far too confident, and images that show it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imageclassification import artifact as artifacts
from imageclassification.artifact import Artifact
from scones import dataset

SIDE = 8


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails a test that makes a data set or a stack."""

    def made(*arguments: object, **options: object) -> None:
        raise AssertionError("something was done")

    monkeypatch.setattr("scones.dataset.ensure", made)
    monkeypatch.setattr("scones.terraform.Stack.apply", made)


@pytest.fixture(scope="session")
def shades(tmp_path_factory: pytest.TempPathFactory) -> dataset.Dataset:
    """36 validation images: dark ones (bicycle) and light ones (motorcycle). Every sixth label is wrong."""
    root = tmp_path_factory.mktemp("shades")
    (root / "validation").mkdir()
    lines = []
    for number in range(36):
        light = number % 2
        stream = io.BytesIO()
        Image.new("RGB", (SIDE, SIDE), (40 + number + 120 * light,) * 3).save(stream, "PNG")
        (root / "validation" / f"{number}.png").write_bytes(stream.getvalue())
        lines.append(f"{number}\t{light ^ (number % 6 == 0)}\t{number}.png\n")
    (root / "validation.lst").write_text("".join(lines))
    classes = ["bicycle", "motorcycle"]
    description = {
        "format": 1,
        "classes": classes,
        "counts": {split: dict.fromkeys(classes, 18) for split in dataset.SPLITS},
        "fingerprint": "5f" * 32,
        "source": {"kind": "folder", "name": "shades", "sha256": "ab"},
        "means": {name: [0, 0, 0] for name in classes},
        "skipped": [],
    }
    (root / "dataset.json").write_text(json.dumps(description))
    return dataset.load(root)


@pytest.fixture(scope="session")
def overconfident(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model.tar.gz that tells dark from light. Its confidence grows away from 118 and mostly exceeds 99.9 %."""
    pixels = 3 * SIDE * SIDE
    nodes = [
        {"op": "null", "name": "data", "inputs": []},
        {"op": "Flatten", "name": "flatten0", "inputs": [[0, 0, 0]]},
        {"op": "null", "name": "fc1_weight", "inputs": []},
        {"op": "null", "name": "fc1_bias", "inputs": []},
        {
            "op": "FullyConnected",
            "name": "fc1",
            "attrs": {"num_hidden": "2"},
            "inputs": [[1, 0, 0], [2, 0, 0], [3, 0, 0]],
        },
        {"op": "null", "name": "softmax_label", "inputs": []},
        {"op": "SoftmaxOutput", "name": "softmax", "inputs": [[4, 0, 0], [5, 0, 0]]},
    ]
    symbol = {
        "nodes": nodes,
        "arg_nodes": [0, 2, 3, 5],
        "node_row_ptr": list(range(8)),
        "heads": [[6, 0, 0]],
        "attrs": {"mxnet_version": ["int", 10400]},
    }
    parameters = {
        "arg:fc1_weight": np.stack([np.full(pixels, -0.1 / pixels), np.full(pixels, 0.1 / pixels)]).astype(np.float32),
        "arg:fc1_bias": np.array([11.8, -11.8], np.float32),
    }
    shapes = [{"name": "data", "shape": [4, 3, SIDE, SIDE]}]
    path = tmp_path_factory.mktemp("overconfident") / "model.tar.gz"
    return artifacts.write(path, Artifact(symbol, parameters, shapes, 3))
