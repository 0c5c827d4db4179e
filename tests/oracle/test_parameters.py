"""The .params codec against MXNet's own: each reads what the other writes, in every version of the format."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from imageclassification import ndarray

pytestmark = pytest.mark.nightly

RANDOM = np.random.default_rng(4)
ARRAYS = {
    "arg:conv0_weight": RANDOM.normal(size=(4, 3, 3, 2)).astype(np.float32),
    "arg:half": RANDOM.normal(size=(5, 7)).astype(np.float16),
    "aux:bn0_moving_mean": RANDOM.normal(size=(1,)).astype(np.float32),
    "arg:größe": np.array([np.inf, -0.0, 1e-40], np.float32),
}
CONTEXT, FLOAT, HALF = struct.pack("<ii", 1, 0), struct.pack("<i", 0), struct.pack("<i", 2)
VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)


def listed(array: bytes) -> bytes:
    """A list with this one array, named ``arg:a``."""
    return struct.pack("<QQQ", 0x112, 0, 1) + array + struct.pack("<QQ", 1, 5) + b"arg:a"


# The array format of each MXNet release: see imageclassification.ndarray.
VERSIONS = {
    "before version 1": listed(struct.pack("<III", 2, 2, 3) + CONTEXT + FLOAT + VALUES.tobytes()),
    "version 1": listed(struct.pack("<IIqq", 0xF993FAC8, 2, 2, 3) + CONTEXT + FLOAT + VALUES.tobytes()),
    "version 2": listed(struct.pack("<IiIqq", 0xF993FAC9, 0, 2, 2, 3) + CONTEXT + FLOAT + VALUES.tobytes()),
    "version 3": listed(struct.pack("<IiIqq", 0xF993FACA, 0, 2, 2, 3) + CONTEXT + FLOAT + VALUES.tobytes()),
    "version 1, half precision": listed(
        struct.pack("<IIqq", 0xF993FAC8, 2, 2, 3) + CONTEXT + HALF + VALUES.astype(np.float16).tobytes()
    ),
}


@dataclass(frozen=True)
class Exchanged:
    folder: Path
    raised: dict[str, str | None]


@pytest.fixture(scope="module")
def exchanged(oracle, tmp_path_factory) -> Exchanged:
    folder = tmp_path_factory.mktemp("parameters")
    np.savez(folder / "arrays.npz", **ARRAYS)
    (folder / "ours.params").write_bytes(ndarray.dumps(ARRAYS))
    tasks = {
        "saved": {"task": "save_list", "arrays": "arrays.npz", "path": "theirs.params"},
        "loaded": {"task": "load_list", "path": "ours.params", "arrays": "loaded.npz"},
    }
    for name, data in VERSIONS.items():
        (folder / f"{name}.params").write_bytes(data)
        scalars = name == "version 3"  # MXNet reads these only with numpy's meaning of shapes
        tasks[name] = {"task": "load_list", "path": f"{name}.params", "arrays": f"{name}.npz", "scalars": scalars}
    results = oracle.run(folder, list(tasks.values()))
    return Exchanged(folder, {name: result.raised for name, result in zip(tasks, results, strict=True)})


def same(found, wanted):
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == value.dtype


def test_reads_what_genuine_mxnet_saved(exchanged):
    assert exchanged.raised["saved"] is None, exchanged.raised["saved"]
    same(ndarray.loads((exchanged.folder / "theirs.params").read_bytes()), ARRAYS)


def test_genuine_mxnet_loads_what_is_written_here(exchanged):
    assert exchanged.raised["loaded"] is None, exchanged.raised["loaded"]
    same(dict(np.load(exchanged.folder / "loaded.npz")), ARRAYS)


@pytest.mark.parametrize("version", VERSIONS)
def test_reads_every_version_of_the_format_as_genuine_mxnet_does(exchanged, version):
    assert exchanged.raised[version] is None, exchanged.raised[version]
    same(ndarray.loads(VERSIONS[version]), dict(np.load(exchanged.folder / f"{version}.npz")))
