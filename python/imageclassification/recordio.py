"""RecordIO, the file format that MXNet trains from: one file of many images, each with its labels.

Example::

    write(Path("train.rec"), (ImageRecord((0.0,), png, id=7).pack() for png in pngs))
    for record in read(Path("train.rec")):
        unpack(record).labels                # (0.0,)

A record is a magic number, a length of 29 bits under 3 bits of a flag, the bytes, and zeros up to the next multiple of
four. Where the magic number itself occurs in the bytes, at a multiple of four, the record is split there and the number
left out, so that a reader may look for records from anywhere in a file. All numbers are little-endian.

Source: dmlc-core's ``include/dmlc/recordio.h``; for what an image's record holds, MXNet's ``src/io/image_recordio.h``,
which ``im2rec`` writes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from imageclassification import files
from imageclassification.errors import InputDataError

MAGIC = struct.pack("<I", 0xCED7230A)
LARGEST = (1 << 29) - 1  # bytes: a length has 29 bits

_HEAD = struct.Struct("<II")
_IMAGE_HEAD = struct.Struct("<IfQQ")  # how many labels follow, or 0; the label where none do; two ids
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)
_FLAGS = {False: (_WHOLE, _FIRST), True: (_MIDDLE, _LAST)}  # by whether a record has begun
_BLOCK = 1 << 20  # a damaged length may promise half a gigabyte: memory is taken only as bytes arrive


@dataclass(frozen=True)
class ImageRecord:
    """An image in a RecordIO file.

    Attributes:
        labels: Its labels: one, or one for each class where an image may have several.
        data: The image, encoded as PNG or JPEG.
        id: Its number, which im2rec takes from the list's first column.
        id2: A second number, 0 in every file of im2rec's.
    """

    labels: tuple[float, ...]
    data: bytes
    id: int = 0
    id2: int = 0

    def pack(self) -> bytes:
        """The record's bytes, as MXNet reads them."""
        if len(self.labels) == 1:
            return _IMAGE_HEAD.pack(0, self.labels[0], self.id, self.id2) + self.data
        labels = struct.pack(f"<{len(self.labels)}f", *self.labels)
        return _IMAGE_HEAD.pack(len(self.labels), 0, self.id, self.id2) + labels + self.data


def unpack(record: bytes, name: str = "the record") -> ImageRecord:
    """An image and its labels from a record's bytes.

    Args:
        record: The bytes.
        name: What an error calls it.

    Raises:
        InputDataError: it is too short to be an image's record.
    """
    if len(record) < _IMAGE_HEAD.size:
        raise InputDataError(
            f"{name} has {len(record)} bytes, too few for an image's record, which begins with {_IMAGE_HEAD.size}"
        )
    count, label, first, second = _IMAGE_HEAD.unpack_from(record)
    start = _IMAGE_HEAD.size + 4 * count
    if len(record) < start:
        raise InputDataError(f"{name} has {len(record):,} bytes, too few for the {count:,} labels that it promises")
    labels = struct.unpack_from(f"<{count}f", record, _IMAGE_HEAD.size) if count else (label,)
    return ImageRecord(labels, record[start:], first, second)


def encode(record: bytes) -> bytes:
    """A record as it stands in a file.

    Raises:
        InputDataError: it is too large for the format.
    """
    if len(record) > LARGEST:
        raise InputDataError(f"a record of {len(record):,} bytes is too large for RecordIO, which takes {LARGEST:,}")
    parts, start, found = [], 0, record.find(MAGIC)
    while found >= 0:
        if found % 4:
            found = record.find(MAGIC, found + 1)
            continue
        parts.append(record[start:found])
        start = found + 4
        found = record.find(MAGIC, start)
    parts.append(record[start:])
    flags = [_WHOLE] if len(parts) == 1 else [_FIRST, *[_MIDDLE] * (len(parts) - 2), _LAST]
    encoded = bytearray()
    for flag, part in zip(flags, parts, strict=True):
        encoded += MAGIC + struct.pack("<I", flag << 29 | len(part)) + part
    return bytes(encoded) + bytes(-len(encoded) % 4)


def write(path: Path, records: Iterable[bytes]) -> int:
    """Write a file of records, which appears whole or not at all; how many there were.

    Raises:
        InputDataError: a record is too large for the format.
        OSError: the file cannot be written.
    """
    count = 0
    with files.whole(path) as partial, partial.open("wb") as file:
        for record in records:
            file.write(encode(record))
            count += 1
    return count


def read(source: Path | BinaryIO, name: str | None = None) -> Iterator[bytes]:
    """The records of a file or stream, one after the other.

    Args:
        source: A path, or what can be read from: a pipe too. Between records, a file stands where the next one begins.
        name: What an error calls it; a path's own name where not given.

    Raises:
        InputDataError: it is no RecordIO, is damaged, or is cut short; with the record's number from 0 and where it is.
        OSError: it cannot be read.
    """
    if isinstance(source, Path):
        name, opened = name or source.name, source.open("rb")
    else:
        name, opened = name or "the stream", nullcontext(source)
    with opened as stream:
        offset, number = 0, 0
        while (found := _next(stream, offset, f"{name}: record {number}")) is not None:
            record, offset = found
            yield record
            number += 1


def _next(stream: BinaryIO, offset: int, what: str) -> tuple[bytes, int] | None:
    """The next record and the offset behind it; None at the end."""
    record, begun = bytearray(), False
    while True:
        head = _take(stream, _HEAD.size)
        if not head and not begun:
            return None
        if len(head) < _HEAD.size:
            raise _short(what, offset)
        if head[:4] != MAGIC:
            raise InputDataError(
                f"{what}, at byte {offset:,}, does not begin with RecordIO's magic number but with {head[:4].hex()}: "
                "the file is damaged, or of another format; write it with MXNet's im2rec or: invoke etl --recordio"
            )
        flag, length = _HEAD.unpack(head)[1] >> 29, _HEAD.unpack(head)[1] & LARGEST
        if flag not in _FLAGS[begun]:
            raise InputDataError(f"{what}, at byte {offset:,}, is damaged: its parts are out of order (flag {flag})")
        record += MAGIC if begun else b""
        if len(record) + length > LARGEST:
            raise InputDataError(f"{what}, at byte {offset:,}, is damaged: its parts have more than {LARGEST:,} bytes")
        padded = length + -length % 4
        part = _take(stream, padded)
        if len(part) < padded:
            raise _short(what, offset)
        record += part[:length]
        offset += _HEAD.size + padded
        begun = True
        if flag in (_WHOLE, _LAST):
            return bytes(record), offset


def _take(stream: BinaryIO, size: int) -> bytes:
    """So many bytes, or fewer where the stream ends."""
    taken = bytearray()
    while len(taken) < size and (block := stream.read(min(size - len(taken), _BLOCK))):
        taken += block
    return bytes(taken)


def _short(what: str, offset: int) -> InputDataError:
    return InputDataError(f"{what}, at byte {offset:,}, is cut short: the file is not whole; copy or write it again")
