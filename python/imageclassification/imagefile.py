"""Whether an image file is whole and of a bearable size, told from its structure, before anything is decoded.

::

    check(Path("bicycle.png").read_bytes())     # nothing, or an ImageError that says what is wrong

Headers and lengths are followed from front to back, so that what is cut short or would unpack to gigabytes is refused
in well under a millisecond. What follows the image's end is of no concern: cameras append previews and films there, and
decoders pass over it.

PNG is read as its specification (ISO/IEC 15948) has it: a signature, then chunks of length, type, data and checksum up
to IEND. JPEG as ITU-T T.81, annex B: markers, most with a length, and after a start of scan coded data that runs up to
the next marker, up to the end of image.
"""

from __future__ import annotations

import re
import struct

from imageclassification.errors import ImageError

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
MOST_PIXELS = 50_000_000  # a 50-megapixel photograph; more is a mistake or a decompression bomb
# A photograph has a few pixels a byte, an empty page some hundred: what is large and has more is made to be a bomb.
LARGE, MOST_PIXELS_A_BYTE = 8_000_000, 300
MOST_SCANS = 100  # a progressive JPEG has about ten; each is a pass over all pixels
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the start of a frame, of each kind of coding
ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
# In coded data 0xFF is followed by 0 or a restart's number; anything else is the next marker.
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def check(data: bytes) -> None:
    """Refuse what need not be decoded to be refused.

    Raises:
        ImageError: it is neither a PNG nor a JPEG, is cut short, or is too large.
    """
    if data.startswith(PNG):
        _check_png(data)
    elif data.startswith(JPEG):
        _check_jpeg(data)
    elif not data:
        raise ImageError("there is no image: it has 0 bytes")
    else:
        raise ImageError(f"these {len(data)} bytes are neither a PNG nor a JPEG image")


def _check_png(data: bytes) -> None:
    at = len(PNG)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if at == len(PNG):
            if kind != b"IHDR" or length != 13:
                raise ImageError("the PNG image is damaged: it does not begin with its header")
            if at + 25 <= len(data):
                _check_size(*struct.unpack_from(">II", data, at + 8), len(data))
        if kind == b"IEND":
            return
        at += 12 + length
    raise _cut_short("PNG", data)


def _check_jpeg(data: bytes) -> None:
    at, scans = 2, 0
    while at + 2 <= len(data):
        if data[at] != 0xFF:
            raise ImageError(f"the JPEG image is damaged: there is no marker at byte {at}")
        kind = data[at + 1]
        if kind == 0xFF:  # markers may be preceded by any number of these
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
