"""Reads and writes the ``.params`` file of a model: MXNet's format for lists of NDArrays.

Example::

    >>> data = dumps({"arg:fc1_bias": np.zeros(2, np.float32)})
    >>> loads(data)["arg:fc1_bias"]
    array([0., 0.], dtype=float32)

All numbers are little-endian. Source: MXNet's ``src/ndarray/ndarray.cc`` (``NDArray::Save``, ``NDArray::Load``).

====================  ==================================================================================
list                  uint64 0x112, uint64 0, uint64 count, the arrays, uint64 count, the names
name                  uint64 length, UTF-8 bytes
array, version 2      uint32 0xF993FAC9, int32 storage type (0 dense), shape, context, int32 type, values
array, version 3      as version 2, but with 0xF993FACA; as in numpy, a shape without sides is a scalar
array, version 1      uint32 0xF993FAC8, shape, context, int32 type, values
array, older          uint32 number of sides, uint32 for each side, context, int32 type, values
shape                 uint32 number of sides, int64 for each side
context               int32 device type (1 is the CPU), int32 device number; ignored
type                  0 float32, 2 float16; models have no others, so others are refused
====================  ==================================================================================
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from imageclassification.errors import ArtifactError

LIST_MAGIC = 0x112
V1_MAGIC, V2_MAGIC, V3_MAGIC = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
TYPES: dict[int, np.dtype[Any]] = {0: np.dtype("<f4"), 2: np.dtype("<f2")}
FLAGS = {dtype: flag for flag, dtype in TYPES.items()}
OTHER_TYPES = {1: "float64", 3: "uint8", 4: "int32", 5: "int8", 6: "int64", 7: "bool"}
STORAGE_TYPES = {1: "row_sparse", 2: "csr"}
MOST_SIDES = 32  # numpy's limit before version 2; MXNet's models have at most four
SHORTEST_ARRAY = 4  # bytes
MOST_ARRAYS = 20_000  # 200 layers have 1,000; each takes memory even if it is empty


def dumps(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Writes arrays as MXNet 1.x does: version 2, dense, on the CPU.

    Args:
        arrays: float32 or float16 arrays with at least one side, by name.

    Raises:
        ArtifactError: If an array has another dtype, or no sides.
    """
    parts = [struct.pack("<QQQ", LIST_MAGIC, 0, len(arrays))]
    for name, array in arrays.items():
        flag = FLAGS.get(array.dtype.newbyteorder("<"))
        if flag is None or array.ndim == 0:
            raise ArtifactError(
                f"'{name}' is a {array.dtype} array of shape {array.shape}; MXNet's format takes float32"
            )
        parts.append(struct.pack(f"<IiI{array.ndim}q", V2_MAGIC, 0, array.ndim, *array.shape))
        parts.append(struct.pack("<iii", 1, 0, flag))
        parts.append(np.ascontiguousarray(array, TYPES[flag]).tobytes())
    parts.append(struct.pack("<Q", len(arrays)))
    for name in arrays:
        encoded = name.encode()
        parts.append(struct.pack("<Q", len(encoded)) + encoded)
    return b"".join(parts)


def loads(data: bytes) -> dict[str, np.ndarray]:
    """Reads a list of named arrays.

    A damaged header cannot make it allocate more memory than the file's size.

    Args:
        data: The whole ``.params`` file.

    Returns:
        float32 or float16 arrays by name, in the file's order. They are read-only views of ``data``.

    Raises:
        ArtifactError: If it is not such a file, is cut short or too long, or has sparse arrays, other types or arrays
            without names.
    """
    reader = _Reader(data)
    magic, _ = reader.unpack("<QQ", "its header")
    if magic != LIST_MAGIC:
        raise ArtifactError(f"this is not an MXNet .params file: it begins with {magic:#x}, not {LIST_MAGIC:#x}")
    arrays = [_array(reader, index) for index in range(reader.count("arrays", SHORTEST_ARRAY))]
    names = [_name(reader) for _ in range(reader.count("names", 8))]
    if len(names) != len(arrays):
        raise ArtifactError(f"the .params file has {len(arrays)} arrays but {len(names)} names")
    if len(set(names)) != len(names):
        ((twice, _),) = Counter(names).most_common(1)
        raise ArtifactError(f"the .params file has two arrays named '{twice}'")
    if reader.left:
        raise ArtifactError(f"the .params file goes on for {reader.left} bytes after its end")
    return dict(zip(names, arrays, strict=True))


def _array(reader: _Reader, index: int) -> np.ndarray:
    place = f"array {index}"
    (magic,) = reader.unpack("<I", place)
    if magic in (V2_MAGIC, V3_MAGIC):
        (storage,) = reader.unpack("<i", place)
        if storage != 0:
            kind = STORAGE_TYPES.get(storage, f"unknown ({storage})")
            raise ArtifactError(f"{place} of the .params file has storage type {kind}; only dense arrays are read")
    if magic in (V1_MAGIC, V2_MAGIC, V3_MAGIC):
        (sides,) = reader.unpack("<i", place)
        side = "q"
    else:
        sides, side = magic, "I"  # before version 1, an array began with its number of sides
    if sides == (-1 if magic == V3_MAGIC else 0):  # MXNet writes this for an array without values
        raise ArtifactError(f"{place} of the .params file is empty: it has no shape")
    if not 0 <= sides <= MOST_SIDES:
        raise ArtifactError(f"{place} of the .params file is damaged: it says it has {sides} sides")
    shape = reader.unpack(f"<{sides}{side}", place)
    _, _, flag = reader.unpack("<iii", place)
    if flag not in TYPES:
        kind = OTHER_TYPES.get(flag, f"unknown ({flag})")
        raise ArtifactError(f"{place} of the .params file is of type {kind}; only float32 and float16 are read")
    if any(length < 0 for length in shape):
        raise ArtifactError(f"{place} of the .params file is damaged: its shape is {shape}")
    values = reader.take(math.prod(shape) * TYPES[flag].itemsize, f"{place}, of shape {shape}")
    try:
        return np.frombuffer(values, TYPES[flag]).reshape(shape)
    except ValueError as error:  # a side of 2**62 beside a side of 0
        raise ArtifactError(f"{place} of the .params file is damaged: {error}") from None


def _name(reader: _Reader) -> str:
    (length,) = reader.unpack("<Q", "a name")
    try:
        return bytes(reader.take(length, "a name")).decode()
    except UnicodeDecodeError:
        raise ArtifactError("the .params file is damaged: a name is not UTF-8") from None


class _Reader:
    """Reads bytes from front to back, never past their end."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int, what: str) -> memoryview:
        if size > self.left:
            raise ArtifactError(f"the .params file is cut short: {what} needs {size} bytes, {self.left} are left")
        self._at += size
        return self._data[self._at - size : self._at]

    def unpack(self, form: str, what: str) -> tuple[int, ...]:
        return struct.unpack(form, self.take(struct.calcsize(form), what))

    def count(self, what: str, smallest: int) -> int:
        (count,) = self.unpack("<Q", f"the number of {what}")
        if count * smallest > self.left:
            raise ArtifactError(
                f"the .params file is cut short: it says it has {count} {what}, {self.left} bytes are left"
            )
        if count > MOST_ARRAYS:
            raise ArtifactError(
                f"the .params file says it has {count:,} {what}, more than a network has ({MOST_ARRAYS:,})"
            )
        return count
