"""The .params codec: what MXNet wrote is read, what is written is what MXNet writes, and nothing makes it crash."""

import struct

import numpy as np
import pytest

from scones.algorithm.ndarray import dumps, loads
from scones.errors import ArtifactError

# mx.nd.save of {"arg:x": ones (2, 3) float32, "aux:y": zeros (4,) float16} with MXNet 1.9.1 itself.
GENUINE = bytes.fromhex(
    "12010000000000000000000000000000"
    "0200000000000000"
    "c9fa93f900000000020000000200000000000000030000000000000001000000000000000000000"
    "00000803f0000803f0000803f0000803f0000803f0000803f"
    "c9fa93f90000000001000000040000000000000001000000000000000200000000000000000000000"
    "200000000000000"
    "05000000000000006172673a78"
    "05000000000000006175783a79"
)
VALUES = {"arg:x": np.ones((2, 3), np.float32), "aux:y": np.zeros(4, np.float16)}


def file_of(array: bytes, *, name: bytes = b"arg:a") -> bytes:
    """A list of one array."""
    return struct.pack("<QQQ", 0x112, 0, 1) + array + struct.pack("<QQ", 1, len(name)) + name


def test_reads_what_genuine_mxnet_wrote():
    found = loads(GENUINE)
    assert list(found) == ["arg:x", "aux:y"]
    for name, wanted in VALUES.items():
        np.testing.assert_array_equal(found[name], wanted)
        assert found[name].dtype == wanted.dtype


def test_writes_the_very_bytes_of_genuine_mxnet():
    assert dumps(VALUES) == GENUINE


def test_writes_arrays_that_are_not_contiguous():
    array = np.arange(6, dtype=np.float32).reshape(2, 3).T
    np.testing.assert_array_equal(loads(dumps({"arg:a": array}))["arg:a"], array)


@pytest.mark.parametrize(
    "array",
    [
        struct.pack("<IiIqqiii", 0xF993FACA, 0, 2, 2, 1, 1, 0, 0),
        struct.pack("<IiIqqiii", 0xF993FAC9, 0, 2, 2, 1, 2, 3, 0),
        struct.pack("<IIqqiii", 0xF993FAC8, 2, 2, 1, 1, 0, 0),
        struct.pack("<IIIiii", 2, 2, 1, 1, 0, 0),
    ],
    ids=["version 3", "version 2 from a GPU", "version 1", "before version 1"],
)
def test_reads_every_version_of_an_array(array):
    found = loads(file_of(array + struct.pack("<ff", 1.5, -2)))
    np.testing.assert_array_equal(found["arg:a"], np.array([[1.5], [-2]], np.float32))


def test_reads_a_scalar_where_the_version_has_them():
    assert loads(file_of(struct.pack("<IiIiiif", 0xF993FACA, 0, 0, 1, 0, 0, 2.5)))["arg:a"] == np.float32(2.5)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cut short: its header needs 16 bytes, 0 are left"),
        (b"PK\3\4" + bytes(30), "not an MXNet .params file"),
        (struct.pack("<QQQ", 0x112, 0, 2**60), "says it has 1152921504606846976 arrays"),
        (file_of(struct.pack("<Ii", 0xF993FAC9, 1) + bytes(40)), "storage type row_sparse"),
        (file_of(struct.pack("<Ii", 0xF993FAC9, 2) + bytes(40)), "storage type csr"),
        (file_of(struct.pack("<IiIqiii", 0xF993FAC9, 0, 1, 2, 1, 0, 4) + bytes(8)), "of type int32"),
        (file_of(struct.pack("<IiI", 0xF993FAC9, 0, 0)), "no shape"),
        (file_of(struct.pack("<IiI", 0xF993FAC9, 0, 1000) + bytes(20)), "1000 sides"),
        (file_of(struct.pack("<IiIqqiii", 0xF993FAC9, 0, 2, 2**40, 2**40, 1, 0, 0)), "needs 4835703278458516698824704"),
        (file_of(struct.pack("<IiIqqiii", 0xF993FAC9, 0, 2, -1, -4, 1, 0, 0) + bytes(16)), r"shape is \(-1, -4\)"),
        (file_of(struct.pack("<IiIqqiii", 0xF993FAC9, 0, 2, 0, 2**62, 1, 0, 0)), "damaged"),
        (struct.pack("<QQQQ", 0x112, 0, 0, 5), "says it has 5 names"),
        (file_of(struct.pack("<IiIqiiif", 0xF993FAC9, 0, 1, 1, 1, 0, 0, 1)) + b"more", "goes on for 4 bytes"),
        (file_of(struct.pack("<IiIqiiif", 0xF993FAC9, 0, 1, 1, 1, 0, 0, 1), name=b"\xff"), "not UTF-8"),
        (struct.pack("<QQQIiIqiiifQ", 0x112, 0, 1, 0xF993FAC9, 0, 1, 1, 1, 0, 0, 1, 0), "1 arrays but 0 names"),
    ],
)
def test_says_what_is_wrong_with_a_file(data, reason):
    with pytest.raises(ArtifactError, match=reason):
        loads(data)


def test_no_cut_of_a_file_is_taken_for_a_file():
    for length in range(len(GENUINE)):
        with pytest.raises(ArtifactError):
            loads(GENUINE[:length])


def test_a_damaged_file_is_an_error_or_arrays_that_fit_into_it():
    random = np.random.default_rng(0)
    for _ in range(3000):
        data = bytearray(GENUINE)
        for _ in range(random.integers(1, 4)):
            data[random.integers(len(data))] = random.integers(256)
        try:
            found = loads(bytes(data))
        except ArtifactError:
            continue
        assert sum(array.nbytes for array in found.values()) <= len(data)


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros((), np.float32), np.zeros(2, np.int32)])
def test_refuses_to_write_what_mxnet_could_not_load(array):
    with pytest.raises(ArtifactError, match="'arg:a'"):
        dumps({"arg:a": array})
