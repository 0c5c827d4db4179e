"""Damaged pictures: MXNet decodes with OpenCV and libpng, and the same ones are refused here."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imageclassification import images
from imageclassification.errors import ImageError

pytestmark = pytest.mark.nightly

PIXELS = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
#: What is wrong, and whether the picture can be decoded all the same.
DAMAGES = {"nothing": True, "tEXt": True, "IDAT": False, "the second IDAT": False, "zlib": False, "IEND": False}


def png(damaged: str) -> bytes:
    """A PNG of a text, PIXELS in two chunks, and the end; one of them with a wrong checksum, or the pixels' own."""
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in PIXELS))
    if damaged == "zlib":
        packed = packed[:-1] + bytes([packed[-1] ^ 1])
    parts = {
        "IHDR": struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0),
        "tEXt": b"Title\0a picture",
        "IDAT": packed[:50],
        "the second IDAT": packed[50:],
        "IEND": b"",
    }
    found = b"\x89PNG\r\n\x1a\n"
    for name, data in parts.items():
        kind = name[-4:].encode()
        checksum = zlib.crc32(kind + data) ^ (name == damaged)
        found += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
    return found


@pytest.fixture(scope="module")
def decoded(oracle: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("pictures")
    for damage in DAMAGES:
        (folder / f"{damage}.png").write_bytes(png(damage))
    tasks = [{"task": "decode", "path": f"{damage}.png"} for damage in DAMAGES]
    return dict(zip(DAMAGES, oracle.run(folder, tasks), strict=True))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_picture_is_decoded_or_refused_as_by_genuine_mxnet(decoded: dict[str, Any], damage: str) -> None:
    if DAMAGES[damage]:
        np.testing.assert_array_equal(np.array(decoded[damage].gave, np.uint8), PIXELS)
        np.testing.assert_array_equal(np.asarray(images.decode(png(damage))), PIXELS)
    else:
        assert "Decoding failed" in decoded[damage].raised
        with pytest.raises(ImageError):
            images.decode(png(damage))
