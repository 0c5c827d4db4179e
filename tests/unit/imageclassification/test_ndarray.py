"""The .params codec reads MXNet's files, writes the same bytes as MXNet, and no file makes it crash."""

import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imageclassification.errors import ArtifactError
from imageclassification.ndarray import dumps, loads

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
    """The bytes of a list with one array."""
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
        (file_of(struct.pack("<Iii", 0xF993FACA, 0, -1)), "no shape"),
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


SIZES = st.sampled_from([0, 1, 2, 3, 4, 31, 33, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1])
MAGICS = st.sampled_from([0xF993FAC8, 0xF993FAC9, 0xF993FACA, 0, 1, 2, 2**32 - 1])


@st.composite
def arrays(draw):
    """Bytes that look like an array: fields of the right widths, with values at and beyond their limits."""
    magic = draw(MAGICS)
    storage = struct.pack("<I", draw(st.sampled_from([0, 0, 0, 1, 2, 3, 2**32 - 1]))) if magic >= 0xF993FAC9 else b""
    sides = draw(st.integers(0, 4))
    count = struct.pack("<I", draw(st.sampled_from([sides, sides, sides, 2**31, 2**32 - 1]))) if magic > 2 else b""
    width = "<Q" if magic > 2 else "<I"
    limit = 2 ** (8 * struct.calcsize(width))
    shape = b"".join(struct.pack(width, draw(SIZES) % limit) for _ in range(sides if magic > 2 else magic % 3))
    kind = struct.pack("<iiI", 1, 0, draw(st.sampled_from([0, 0, 2, 1, 9, 2**32 - 1])))
    return struct.pack("<I", magic) + storage + count + shape + kind + draw(st.binary(max_size=40))


@st.composite
def files(draw):
    made = draw(st.lists(arrays(), max_size=3))
    names = draw(st.lists(st.binary(max_size=4), max_size=3))
    listed = b"".join(struct.pack("<Q", draw(st.one_of(st.just(len(name)), SIZES))) + name for name in names)
    counts = [draw(st.one_of(st.just(len(part)), SIZES)) for part in (made, names)]
    whole = struct.pack("<QQQ", 0x112, 0, counts[0]) + b"".join(made) + struct.pack("<Q", counts[1]) + listed
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


@st.composite
def damaged(draw):
    """A genuine file with some bytes changed."""
    data = bytearray(GENUINE)
    for place in draw(st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=6)):
        data[place] = draw(st.integers(0, 255))
    return bytes(data)


@given(st.one_of(st.binary(max_size=200), files(), damaged()))
@settings(max_examples=600, deadline=None)
def test_any_bytes_are_an_error_or_arrays_that_fit_into_them(data):
    tracemalloc.start()
    try:
        found = loads(data)
    except ArtifactError:
        found = {}
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert sum(array.nbytes for array in found.values()) <= len(data)
    assert most < 1 << 20


@given(st.dictionaries(st.text(max_size=8), st.sampled_from([(1,), (2, 3), (0,), (4, 1, 2, 2)]), max_size=4), st.data())
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read_back(shapes, data):
    wanted = {}
    for name, shape in shapes.items():
        dtype = data.draw(st.sampled_from([np.float32, np.float16]))
        wanted[name] = np.random.default_rng(0).normal(size=shape).astype(dtype)
    found = loads(dumps(wanted))
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == value.dtype


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros((), np.float32), np.zeros(2, np.int32)])
def test_refuses_to_write_what_mxnet_could_not_load(array):
    with pytest.raises(ArtifactError, match="'arg:a'"):
        dumps({"arg:a": array})
