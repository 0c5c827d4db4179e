"""A small form of CIFAR-100's archive: the same members, the same Python 2 pickles with byte-string keys."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

FINE = ("apple", "bicycle", "bus", "motorcycle", "tank", "train")


class Python2Pickler(pickle._Pickler):
    """Pickles bytes as Python 2 pickled its strings. The standard library's pickler cannot do this."""

    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)

    def save_str(self, value: bytes) -> None:
        short = len(value) < 256
        self.write((b"U" + bytes([len(value)]) if short else b"T" + struct.pack("<i", len(value))) + value)
        self.memoize(value)

    dispatch[bytes] = save_str


def python2_pickle(value: Any) -> bytes:
    stream = io.BytesIO()
    Python2Pickler(stream, protocol=2).dump(value)
    return stream.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def batch(per_class: int, seed: int, classes: tuple[str, ...] = FINE) -> dict[bytes, Any]:
    """Random images of each class, in mixed order."""
    rng = np.random.default_rng(seed)
    labels = [FINE.index(name) for name in classes] * per_class
    rng.shuffle(labels)
    return {
        b"data": rng.integers(0, 256, (len(labels), 3072), dtype=np.uint8),
        b"fine_labels": [int(label) for label in labels],
        b"filenames": [f"{FINE[label]}_s_{place:06d}.png".encode() for place, label in enumerate(labels)],
    }


@pytest.fixture
def members() -> dict[str, dict[bytes, Any]]:
    """The contents of the small archive's three members: 20 train and 4 test images for each class."""
    meta = {b"fine_label_names": [name.encode() for name in FINE], b"coarse_label_names": []}
    return {"meta": meta, "train": batch(20, 1), "test": batch(4, 2)}


@pytest.fixture
def pack(tmp_path: Path) -> Callable[..., Path]:
    """A function that packs members (dictionaries, or bytes as they are) into a .tar.gz."""

    def packed(members: Mapping[str, Any], name: str = "small.tar.gz", folder: str = "cifar-100-python/") -> Path:
        path = tmp_path / name
        with tarfile.open(path, "w:gz") as tar:
            for member, value in members.items():
                content = value if isinstance(value, bytes) else python2_pickle(value)
                entry = tarfile.TarInfo(folder + member)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        return path

    return packed


@pytest.fixture
def archive(pack: Callable[..., Path], members: dict[str, Any]) -> Path:
    """The small archive."""
    return pack(members)
