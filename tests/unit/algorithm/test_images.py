"""Decoding: any PNG or JPEG becomes RGB pixels, anything else a reason."""

import contextlib
import io
import zlib

import numpy as np
import pytest
from PIL import Image

from scones.algorithm import images
from scones.errors import ImageError


def encoded(picture, form="PNG", **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


@pytest.fixture
def picture():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (12, 10, 3), np.uint8))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
def test_reads_a_png_of_any_mode_as_rgb(picture, mode):
    found = images.decode(encoded(picture.convert(mode)))
    assert (found.mode, found.size) == ("RGB", (10, 12))
    np.testing.assert_array_equal(np.asarray(found), np.asarray(picture.convert(mode).convert("RGB")))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_reads_a_jpeg_of_any_mode_as_rgb(picture, mode):
    assert images.decode(encoded(picture.convert(mode), "JPEG", progressive=True)).mode == "RGB"


def test_a_png_of_16_bits_keeps_its_brightness():
    grey = Image.fromarray(np.full((4, 4), 200 * 256, np.uint16))
    np.testing.assert_array_equal(np.asarray(images.decode(encoded(grey))), 200)


def test_pixels_are_raw_channels_first_and_not_touched_at_the_right_size(picture):
    found = images.pixels(picture, (3, 12, 10))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.asarray(picture).transpose(2, 0, 1))


def test_a_whole_image_is_resized_to_the_input():
    halves = np.zeros((40, 60, 3), np.uint8)
    halves[:, 30:] = 255
    found = images.pixels(Image.fromarray(halves), (3, 8, 8))
    assert found.shape == (3, 8, 8)
    assert found[:, :, 0].max() == 0
    assert found[:, :, -1].min() == 255


@pytest.mark.parametrize(("size", "wanted"), [((64, 32), (20, 10)), ((32, 64), (10, 20)), ((7, 5), (14, 10))])
def test_shrinking_gives_the_shorter_side_its_length_and_keeps_proportions(size, wanted):
    assert images.shrink(Image.new("RGB", size), 10).size == wanted


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"hello", encoded(Image.new("RGB", (4, 4)), "GIF")])
def test_refuses_what_is_neither_png_nor_jpeg(data):
    with pytest.raises(ImageError):
        images.decode(data)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_damaged_image_is_refused_and_never_crashes(picture, form):
    random = np.random.default_rng(0)
    whole = encoded(picture, form)
    with pytest.raises(ImageError):
        images.decode(whole[: len(whole) // 2])
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(3):
            data[random.integers(len(data))] = random.integers(256)
        with contextlib.suppress(ImageError):
            assert images.decode(bytes(data)).mode == "RGB"


def test_refuses_a_decompression_bomb_by_its_header():
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (60_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
    with pytest.raises(ImageError, match=r"too large|bomb"):
        images.decode(bomb)
