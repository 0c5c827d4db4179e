"""RecordIO against MXNet's own reader, writer, image iterator and im2rec."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imageclassification import recordio
from imageclassification.recordio import ImageRecord

pytestmark = pytest.mark.nightly

MAGIC = struct.pack("<I", 0xCED7230A)
SHAPE = (3, 12, 12)
# Contents of a record: every length of padding, and the magic number at places where it must and must not be cut out.
RAW = [
    b"abcd",
    b"abc",
    b"ab",
    b"a",
    MAGIC,
    MAGIC * 3,
    b"abcd" + MAGIC,
    MAGIC + b"a",
    b"ab" + MAGIC,
    b"1234" * 5 + MAGIC,
]
LABELS = [(0.0,), (3.0,), (1.0, 0.0, 1.0), (0.0, 1.0, 1.0)]


def picture(number: int) -> tuple[np.ndarray, bytes]:
    """Pixels, uint8 (12, 12, 3), and their PNG."""
    pixels = np.random.default_rng(number).integers(0, 256, (12, 12, 3), np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "PNG")
    return pixels, encoded.getvalue()


RECORDS = [ImageRecord(labels, picture(number)[1], id=number) for number, labels in enumerate(LABELS)]


@dataclass(frozen=True)
class Exchanged:
    folder: Path
    results: dict[str, Any]


@pytest.fixture(scope="module")
def exchanged(oracle, tmp_path_factory) -> Exchanged:
    folder = tmp_path_factory.mktemp("records")
    recordio.write(folder / "raw.rec", RAW)
    recordio.write(folder / "ours.rec", (record.pack() for record in RECORDS))
    recordio.write(folder / "single.rec", (record.pack() for record in RECORDS[:2]))
    (folder / "images").mkdir()
    for number in range(3):
        (folder / f"images/{number}.png").write_bytes(picture(number)[1])
    (folder / "images.lst").write_text("".join(f"{number}\t{number % 2}\t{number}.png\n" for number in range(3)))
    tasks = {
        "write raw": {"task": "write_bytes", "path": "their-raw.rec", "records": [record.hex() for record in RAW]},
        "read raw": {"task": "read_records", "path": "raw.rec"},
        "read": {"task": "unpack_records", "path": "ours.rec"},
        "iterate": {
            "task": "iterate_records",
            "path": "single.rec",
            "shape": SHAPE,
            "labels": 1,
            "pixels": "pixels.npy",
        },
        "write": {
            "task": "write_records",
            "path": "theirs.rec",
            "pictures": [[12, 0, labels] for labels in LABELS],
        },
        "im2rec": {"task": "im2rec", "images": "images", "listing": "images.lst", "prefix": "packed"},
    }
    results = oracle.run(folder, list(tasks.values()))
    return Exchanged(folder, dict(zip(tasks, results, strict=True)))


def test_genuine_mxnet_reads_the_records_that_are_written_here(exchanged):
    assert [bytes.fromhex(record) for record in exchanged.results["read raw"].gave] == RAW


def test_reads_the_records_that_genuine_mxnet_writes(exchanged):
    assert exchanged.results["write raw"].gave is None
    assert list(recordio.read(exchanged.folder / "their-raw.rec")) == RAW


def test_a_file_of_records_has_the_very_bytes_of_genuine_mxnets(exchanged):
    assert exchanged.results["write raw"].gave is None
    assert (exchanged.folder / "raw.rec").read_bytes() == (exchanged.folder / "their-raw.rec").read_bytes()


def test_genuine_mxnet_finds_the_labels_and_images_that_are_written_here(exchanged):
    wanted = [[list(record.labels), record.id, record.data.hex()] for record in RECORDS]
    assert exchanged.results["read"].gave == wanted


def test_genuine_mxnets_image_iterator_sees_the_pixels_that_are_written_here(exchanged):
    labels = exchanged.results["iterate"].gave
    assert labels == [list(record.labels) for record in RECORDS[:2]]
    found = np.load(exchanged.folder / "pixels.npy")
    wanted = np.stack([picture(number)[0].transpose(2, 0, 1) for number in range(2)])
    np.testing.assert_array_equal(found, wanted)


def test_reads_the_labels_and_images_that_genuine_mxnet_packs(exchanged):
    assert exchanged.results["write"].gave is None
    found = [recordio.unpack(record) for record in recordio.read(exchanged.folder / "theirs.rec")]
    assert [record.labels for record in found] == LABELS
    for record in found:
        assert Image.open(io.BytesIO(record.data)).size == (12, 12)


def test_reads_what_im2rec_packs(exchanged):
    assert exchanged.results["im2rec"].gave is None
    found = [recordio.unpack(record) for record in recordio.read(exchanged.folder / "packed.rec")]
    assert [(record.labels, record.id, record.data) for record in found] == [
        ((float(number % 2),), number, picture(number)[1]) for number in range(3)
    ]
