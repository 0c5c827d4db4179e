"""Checks an image's bytes with the standard library: its type, its size, and that it is complete.

Formats: PNG, ISO/IEC 15948 (chunks of length, type, data, CRC); JPEG, ITU-T T.81 annex B (marker segments).
"""

import struct
import zlib
from typing import NamedTuple

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start-of-frame markers: their segment has the JPEG's size


class InvalidImageError(Exception):
    """The bytes are not a complete PNG or JPEG."""


class Picture(NamedTuple):
    """An image's MIME type, and its size in pixels."""

    content_type: str
    width: int
    height: int

    @classmethod
    def of(cls, data):
        """Reads an image's structure. Raises InvalidImageError."""
        try:
            if data.startswith(PNG):
                found = cls("image/png", *_png_size(data))
            elif data.startswith(JPEG):
                found = cls("image/jpeg", *_jpeg_size(data))
            else:
                start = f"begins with the bytes {data[:8].hex(' ')}" if data else "is empty"
                raise InvalidImageError(f"the object {start}: it is not a PNG or JPEG")
        except (struct.error, IndexError, ValueError):
            raise InvalidImageError(f"the image is cut short: it ends after {len(data):,} bytes") from None
        if not (found.width and found.height):
            raise InvalidImageError(f"the image is {found.width} x {found.height} pixels")
        return found


def _png_size(data):
    at, size, pixels = len(PNG), None, False
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        # A type that begins with a capital letter is critical: decoders need the chunk.
        if kind[:1].isupper() and zlib.crc32(data[at + 4 : at + 8 + length]) != checksum:
            raise InvalidImageError(f"the PNG is damaged: its {kind.decode('latin-1')} chunk has a wrong checksum")
        if size is None:
            if kind != b"IHDR" or length != 13:
                raise InvalidImageError("the PNG is damaged: it does not begin with an IHDR chunk")
            size = struct.unpack_from(">II", data, at + 8)
        pixels |= kind == b"IDAT"
        if kind == b"IEND":
            if not pixels:
                raise InvalidImageError("the PNG holds no pixels")
            return size
        at += 12 + length


def _jpeg_size(data):
    at, size = 2, None
    while True:
        if data[at] != 0xFF:
            raise InvalidImageError(f"the JPEG is damaged: there is no marker at byte {at:,}")
        if (marker := data[at + 1]) == 0xFF:  # a fill byte
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in FRAMES:
            size = struct.unpack_from(">HH", data, at + 5)[::-1]
        if marker == 0xDA:  # the scan: pixels, up to the end-of-image marker
            if size is None:
                raise InvalidImageError("the JPEG is damaged: it has no size")
            data.index(b"\xff\xd9", at)
            return size
        at += 2 + length
