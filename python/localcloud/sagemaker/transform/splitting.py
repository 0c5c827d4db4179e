"""Cuts an input object into records, and puts records together as the bodies of requests.

AWS: SageMaker API Reference, TransformInput: a record of a binary format is unwrapped for BatchStrategy SingleRecord,
and stays wrapped for MultiRecord.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from imageclassification import recordio
from imageclassification.errors import InputDataError

LARGEST_UNPACKED = 1 << 30  # bytes of one object after gzip
_TF_HEAD = struct.Struct("<QI")  # length and its checksum; the content and its checksum follow
_TF_TAIL = 4


class BadInput(Exception):
    """An object cannot be cut into payloads. The message says why."""


@dataclass(frozen=True)
class Cut:
    """How objects are cut.

    Attributes:
        split: SplitType: None, Line, RecordIO or TFRecord.
        single: Whether BatchStrategy is SingleRecord.
        largest: The most bytes of one payload.

    Example::

        >>> list(Cut("Line", single=True, largest=9).payloads(b"one\\ntwo\\n"))
        [b'one', b'two']
        >>> list(Cut("Line", single=False, largest=9).payloads(b"one\\ntwo\\nthree"))
        [b'one\\ntwo\\n', b'three']
        >>> list(Cut("None", single=False, largest=9).payloads(b"one\\ntwo"))
        [b'one\\ntwo']
    """

    split: str
    single: bool
    largest: int

    def payloads(self, content: bytes) -> Iterator[bytes]:
        """The bodies of the requests for one object.

        Raises:
            BadInput: The object is not of the format, or a record is too large for a payload.
        """
        if self.split == "None":
            yield self._fitting(content)
            return
        gathered = b""
        for bare, wrapped in self._records(content):
            if self.single:
                if bare or self.split != "Line":
                    yield self._fitting(bare)
                continue
            self._fitting(wrapped)
            if gathered and len(gathered) + len(wrapped) > self.largest:
                yield gathered
                gathered = b""
            gathered += wrapped
        if gathered:
            yield gathered

    def _records(self, content: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Each record, without and with what wraps it."""
        if self.split == "Line":
            for line in io.BytesIO(content):
                yield line.removesuffix(b"\n").removesuffix(b"\r"), line
        elif self.split == "RecordIO":
            try:
                for record in recordio.read(io.BytesIO(content), "the object"):
                    yield record, recordio.encode(record)
            except InputDataError as error:
                raise BadInput(f"it is not RecordIO: {error.message}") from None
        else:
            yield from _tf_records(content)

    def _fitting(self, payload: bytes) -> bytes:
        if len(payload) > self.largest:
            raise BadInput(
                f"Too much data for max payload size: a record has {len(payload)} bytes, and {self.largest} are allowed"
            )
        return payload


def unzipped(content: bytes) -> bytes:
    """The content of a gzip file.

    Raises:
        BadInput: It is not gzip, is cut short, or is too large.

    Example::

        >>> import gzip
        >>> unzipped(gzip.compress(b"one") + gzip.compress(b"two"))
        b'onetwo'
    """
    parts, left = [], LARGEST_UNPACKED
    try:
        while content:
            member = zlib.decompressobj(wbits=31)
            parts.append(member.decompress(content, left))
            left -= len(parts[-1])
            if member.unconsumed_tail or left <= 0:
                raise BadInput(f"it has more than {LARGEST_UNPACKED:,} bytes when it is unpacked")
            if not member.eof:
                raise BadInput("it is gzip that is cut short")
            content = member.unused_data
    except zlib.error as error:
        raise BadInput(f"it is not gzip: {error}") from None
    return b"".join(parts)


def _tf_records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = 0
    while start < len(content):
        begin = start + _TF_HEAD.size
        length = _TF_HEAD.unpack_from(content, start)[0] if begin <= len(content) else len(content)
        end = begin + length + _TF_TAIL
        if end > len(content):
            raise BadInput(f"it is not TFRecord: the record at byte {start:,} does not end")
        yield content[begin : begin + length], content[start:end]
        start = end
