"""The data that several benchmarks are tried on."""

from __future__ import annotations

import io
import pickle
import tarfile

import numpy as np
import pytest


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
