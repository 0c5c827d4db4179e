"""Checks that an image file is complete and not too large, before it is decoded.

Example::

    >>> check(b"GIF89a")
    Traceback (most recent call last):
    imageclassification.errors.ImageError: these 6 bytes are neither a PNG nor a JPEG image

The check follows the headers and lengths from front to back. It takes a few milliseconds for a large file, and refuses
files that are cut short, were changed, or would unpack to gigabytes. Bytes after the image's end are allowed: cameras
append previews and films there, and decoders skip them.

A PNG file (ISO/IEC 15948) is a signature and chunks of length, type, data and checksum, the last of type IEND. MXNet
reads it with OpenCV and libpng. To these a wrong checksum of a critical chunk, such as the pixels, is an error, and an
ancillary chunk that has one is left out: ``tests/oracle/test_pictures.py`` shows both. Pillow takes damaged pixels, and
refuses damaged texts.

A JPEG file (ITU-T T.81, annex B) is a sequence of markers. Most have a length. Coded data follows the marker "start of
scan" and runs up to the next marker. The last marker is "end of image".
"""

from __future__ import annotations

import re
import struct
import zlib

from imageclassification.errors import ImageError

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# A 50-megapixel photograph; more is a mistake or a decompression bomb. Data sets and reports read the limit here, and
# `invoke docs` writes it beside the function that checks pictures before the endpoint does.
MOST_PIXELS = 50_000_000
# A photograph has a few pixels per byte, an empty page about a hundred. A large image with more is a bomb.
LARGE, MOST_PIXELS_A_BYTE = 8_000_000, 300
MOST_SCANS = 100  # a progressive JPEG has about ten; the decoder goes over all pixels for each
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # "start of frame", one for each kind of coding
ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
# In coded data, 0xFF is followed by 0, by a restart marker's number or by another 0xFF. Else it begins the next marker.
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def check(data: bytes) -> bytes:
    """Checks an image file.

    Returns:
        What is to be decoded: the file without the ancillary chunks of a PNG whose checksum is wrong.

    Raises:
        ImageError: If it is neither a PNG nor a JPEG file, is damaged, is cut short, or is too large.
    """
    if data.startswith(PNG):
        return _checked_png(data)
    if data.startswith(JPEG):
        _check_jpeg(data)
        return data
    if not data:
        raise ImageError("there is no image: it has 0 bytes")
    raise ImageError(f"these {len(data)} bytes are neither a PNG nor a JPEG image")


def _checked_png(data: bytes) -> bytes:
    at, kept, begin = len(PNG), [], 0
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if at == len(PNG):
            if kind != b"IHDR" or length != 13:
                raise ImageError("the PNG image is damaged: it does not begin with its header")
            if at + 25 <= len(data):
                width, height = struct.unpack_from(">II", data, at + 8)
                _check_size(width, height, len(data))
        end = at + 12 + length
        if end > len(data):
            break
        if zlib.crc32(memoryview(data)[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            if kind[:1].isupper():  # critical
                raise ImageError(f"the PNG image is damaged: its {kind.decode('latin-1')} chunk has a wrong checksum")
            kept.append(data[begin:at])
            begin = end
        if kind == b"IEND":
            return b"".join((*kept, data[begin:])) if kept else data
        at = end
    raise _cut_short("PNG", data)


def _check_jpeg(data: bytes) -> None:
    at, scans = 2, 0
    while at + 2 <= len(data):
        if data[at] != 0xFF:
            raise ImageError(f"the JPEG image is damaged: there is no marker at byte {at}")
        kind = data[at + 1]
        if kind == 0xFF:  # fill bytes: any number of them may precede a marker
            at += 1
            continue
        at += 2
        if kind == END_OF_IMAGE:
            if not scans:
                raise ImageError("the JPEG image is damaged: it ends before any pixels")
            return
        if kind in ALONE:
            continue
        if at + 2 > len(data):
            break
        (length,) = struct.unpack_from(">H", data, at)
        if kind in FRAMES and at + 7 <= len(data):
            height, width = struct.unpack_from(">HH", data, at + 3)
            _check_size(width, height, len(data))
        at += length
        if kind == START_OF_SCAN:
            scans += 1
            if scans > MOST_SCANS:
                raise ImageError(f"the JPEG image has more than {MOST_SCANS} scans, as no camera or program makes them")
            found = NEXT_MARKER.search(data, at)
            if found is None:
                break
            at = found.start()
    raise _cut_short("JPEG", data)


def _check_size(width: int, height: int, size: int) -> None:
    if not width or not height:
        raise ImageError(f"the image is empty: {width} x {height} pixels")
    if width * height > MOST_PIXELS:
        raise ImageError(f"the image is too large: {width} x {height}, more than {MOST_PIXELS} pixels")
    if width * height > max(LARGE, MOST_PIXELS_A_BYTE * size):
        raise ImageError(f"the image is a decompression bomb: {width} x {height} pixels in {size} bytes")


def _cut_short(form: str, data: bytes) -> ImageError:
    return ImageError(f"the {form} image is cut short: its {len(data)} bytes have no end")
