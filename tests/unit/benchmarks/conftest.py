"""The data that several benchmarks are tried on."""

from __future__ import annotations

import io
import pickle
import tarfile

import numpy as np
import pytest

from imageclassification import symbol
from imageclassification.artifact import Artifact
from imageclassification.network import Network


@pytest.fixture
def archive(tmp_path):
    """An archive as small as it can be: six classes of 20 random training and 4 test images."""
    names = ("apple", "bicycle", "bus", "motorcycle", "tank", "train")
    members = {"meta": {b"fine_label_names": [name.encode() for name in names]}}
    for seed, (split, each) in enumerate((("train", 20), ("test", 4))):
        labels = [place % 6 for place in range(6 * each)]
        members[split] = {
            b"data": np.random.default_rng(seed).integers(0, 256, (len(labels), 3072), dtype=np.uint8),
            b"fine_labels": labels,
            b"filenames": [f"{names[label]}_{place}.png".encode() for place, label in enumerate(labels)],
        }
    with tarfile.open(tmp_path / "small.tar.gz", "w:gz") as packed:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"cifar-100-python/{name}")
            body = pickle.dumps(content, protocol=2)
            entry.size = len(body)
            packed.addfile(entry, io.BytesIO(body))
    return tmp_path / "small.tar.gz"


@pytest.fixture
def untrained() -> Artifact:
    """A model of three classes with random weights."""
    shape = (3, 28, 28)
    graph = symbol.resnet(20, 3, shape)
    parameters = Network.fresh(graph, shape, seed=0).parameter_arrays()
    return Artifact(graph, parameters, [{"shape": [1, *shape], "name": "data"}], 1)
