"""Reads and writes RecordIO, MXNet's file format for training: one file with many images and their labels.

Example::

    >>> write(Path("train.rec"), [ImageRecord((1.0,), b"bytes of a PNG file", id=7).pack()])
    1
    >>> for record in read(Path("train.rec")):
    ...     print(unpack(record))
    ImageRecord(labels=(1.0,), data=b'bytes of a PNG file', id=7, id2=0)

A record has a magic number, a uint32 with a flag (3 bits) and a length (29 bits), the bytes, and zeros up to the next
multiple of four. If the bytes contain the magic number at a multiple of four, the record is split there, and the number
is left out. So a reader can find records from any place in a file. All numbers are little-endian.

Sources: dmlc-core's ``include/dmlc/recordio.h``. For an image's record, MXNet's ``src/io/image_recordio.h``: the tool
``im2rec`` writes these.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from imageclassification import files
from imageclassification.errors import InputDataError

MAGIC = struct.pack("<I", 0xCED7230A)
LARGEST = (1 << 29) - 1  # bytes

_HEAD = struct.Struct("<II")
_IMAGE_HEAD = struct.Struct("<IfQQ")  # the number of labels that follow; if it is 0, the label; two ids
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)
_FLAGS = {False: (_WHOLE, _FIRST), True: (_MIDDLE, _LAST)}  # the allowed flags, by whether a record has begun
_BLOCK = 1 << 20  # bytes read at once: a damaged length must not allocate half a gigabyte


@dataclass(frozen=True)
class ImageRecord:
    """An image in a RecordIO file.

    Attributes:
        labels: One label, or with ``multi_label`` one for each class.
        data: The bytes of a PNG or JPEG file.
        id: The image's number. im2rec takes it from the first column of the list.
        id2: A second number. im2rec writes 0.
    """

    labels: tuple[float, ...]
    data: bytes
    id: int = 0
    id2: int = 0

    def pack(self) -> bytes:
        """The bytes of the record."""
        if len(self.labels) == 1:
            return _IMAGE_HEAD.pack(0, self.labels[0], self.id, self.id2) + self.data
        labels = struct.pack(f"<{len(self.labels)}f", *self.labels)
        return _IMAGE_HEAD.pack(len(self.labels), 0, self.id, self.id2) + labels + self.data


def unpack(record: bytes, name: str = "the record") -> ImageRecord:
    """Reads an image and its labels from the bytes of a record.

    Args:
        record: The bytes.
        name: The record's name in an error.

    Raises:
        InputDataError: If it is too short for an image's record.
    """
    if len(record) < _IMAGE_HEAD.size:
        raise InputDataError(
            f"{name} has {len(record)} bytes, too few for an image's record, which begins with {_IMAGE_HEAD.size}"
        )
    count, label, first, second = _IMAGE_HEAD.unpack_from(record)
    start = _IMAGE_HEAD.size + 4 * count
    if len(record) < start:
        raise InputDataError(
            f"{name} has {len(record):,} bytes, too few for the {count:,} labels that its header gives"
        )
    labels = struct.unpack_from(f"<{count}f", record, _IMAGE_HEAD.size) if count else (label,)
    return ImageRecord(labels, record[start:], first, second)


def encode(record: bytes) -> bytes:
    """The bytes of a record in a file: with magic number, length and padding.

    Raises:
        InputDataError: If the record is too large for the format.
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
    """Writes records to a file, which appears whole or not at all. Returns their number.

    Raises:
        InputDataError: If a record is too large for the format.
        OSError: If the file cannot be written.
    """
    count = 0
    with files.whole(path) as partial, partial.open("wb") as file:
        for record in records:
            file.write(encode(record))
            count += 1
    return count


def read(source: Path | BinaryIO, name: str | None = None) -> Iterator[bytes]:
    """Reads the records of a file or stream, one after the other.

    Args:
        source: A path, or a binary file or pipe. After each record, a file's position is the begin of the next record.
        name: The source's name in an error. The default is the file's name.

    Raises:
        InputDataError: If it is not RecordIO, is damaged or is cut short. The message has the record's number, counted
            from 0, and its offset.
        OSError: If it cannot be read.
    """
    opened: AbstractContextManager[BinaryIO]
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
    """The next record and the offset after it. None at the end."""
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
    """The next ``size`` bytes. Fewer if the stream ends."""
    taken = bytearray()
    while len(taken) < size and (block := stream.read(min(size - len(taken), _BLOCK))):
        taken += block
    return bytes(taken)


def _short(what: str, offset: int) -> InputDataError:
    return InputDataError(f"{what}, at byte {offset:,}, is cut short: the file is incomplete; copy or write it again")
