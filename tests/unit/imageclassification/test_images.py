"""Decoding: any PNG or JPEG becomes RGB pixels, and anything else an error with a reason."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, strategies
from PIL import Image, ImageOps

from imageclassification import imagefile, images
from imageclassification.errors import ImageError


def encoded(picture, form="PNG", **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def chunk(kind, data):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def png(samples, color, *, depth=8, interlaced=False, extra=b"", size=None):
    """A PNG written by its specification, in forms that Pillow reads but does not write.

    Args:
        samples: Whole numbers of ``depth`` bits (height, width, samples a pixel).
        extra: Chunks between header and pixels.
        size: Width and height that the header claims.
    """
    height, width, _ = samples.shape

    def row(line):
        bits = "".join(f"{number:0{depth}b}" for number in line.ravel().tolist())
        bits += "0" * (-len(bits) % 8)
        return b"\0" + bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))

    passes = [samples[top::down, left::right] for top, left, down, right in ADAM7] if interlaced else [samples]
    rows = b"".join(row(line) for part in passes if part.size for line in part)
    header = struct.pack(">II", *(size or (width, height))) + bytes([depth, color, 0, 0, int(interlaced)])
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def ycck(inks):
    """A JPEG of transformed inks, as Photoshop writes it: Y, Cb, Cr of the inks, inverted black, Adobe's marker 2."""
    rgb = Image.fromarray(inks[..., :3])
    stored = np.dstack([np.asarray(rgb.convert("YCbCr")), 255 - inks[..., 3]])
    plain = encoded(_cmyk(255 - stored), "JPEG", quality=100)  # Pillow inverts what it writes
    at = plain.index(b"Adobe") + 11
    assert plain[at] == 0
    return plain[:at] + b"\2" + plain[at + 1 :]


def _cmyk(inks):
    return Image.merge("CMYK", [Image.fromarray(np.ascontiguousarray(inks[..., ink])) for ink in range(4)])


def printed(inks):
    """The colour of inks on paper: each ink and black absorb their share of the light."""
    inks = inks.astype(float)
    return (255 - inks[..., :3]) * (255 - inks[..., 3:]) / 255


def jpeg_marker(kind, content):
    return b"\xff" + bytes([kind]) + struct.pack(">H", len(content) + 2) + content


def jpeg_of(width, height, scans=1, *, end=True):
    """A JPEG's structure without pixels to decode."""
    frame = jpeg_marker(0xC2, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
    scan = jpeg_marker(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\xff\0\xff\xd0\x34"
    return b"\xff\xd8" + frame + scan * scans + (b"\xff\xd9" if end else b"")


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


def changed(data, kind):
    """The PNG with another checksum of its first chunk of a kind."""
    at = data.index(kind)
    end = at + 4 + int.from_bytes(data[at - 4 : at], "big")
    return data[:end] + bytes([data[end] ^ 1]) + data[end + 1 :]


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE", b"IDAT", b"IEND"])
def test_a_png_whose_pixels_are_not_those_that_were_stored_is_refused_as_by_the_workflow(picture, kind):
    """serializeImageData says the same of it. Pillow alone would decode it."""
    data = changed(encoded(picture.convert("P")), kind)
    with pytest.raises(ImageError, match=f"{kind.decode()} chunk has a wrong checksum"):
        images.decode(data)


def test_a_damaged_text_in_a_png_is_left_out_as_libpng_does(picture):
    samples = random_samples(3, 8)
    texts = chunk(b"tEXt", b"a\0b") + chunk(b"tIME", bytes(7)) + chunk(b"tEXt", b"Title\0a picture")
    data = changed(changed(png(samples, RGB, extra=texts), b"tEXt"), b"tIME")
    np.testing.assert_array_equal(np.asarray(images.decode(data)), samples)
    assert b"a picture" in imagefile.check(data)
    assert b"tIME" not in imagefile.check(data)


@pytest.mark.parametrize(("size", "wanted"), [((64, 32), (20, 10)), ((32, 64), (10, 20)), ((7, 5), (14, 10))])
def test_shrinking_gives_the_shorter_side_its_length_and_keeps_proportions(size, wanted):
    assert images.shrink(Image.new("RGB", size), 10).size == wanted


def test_a_strip_that_shrinking_would_blow_up_is_refused():
    with pytest.raises(ImageError, match=r"too narrow, 1 x 30000: .* it would have 256 x 7680000"):
        images.shrink(Image.new("RGB", (1, 30_000)), 256)


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


def random_samples(channels, depth, seed=0):
    return np.random.default_rng(seed).integers(0, 2**depth, (11, 13, channels))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("color", "channels", "depths"),
    [
        (GREY, 1, (1, 2, 4, 8, 16)),
        (RGB, 3, (8, 16)),
        (GREY_ALPHA, 2, (8, 16)),
        (RGBA, 4, (8, 16)),
    ],
)
def test_every_kind_of_png_gives_its_colours_in_8_bits(color, channels, depths, interlaced):
    for depth in depths:
        samples = random_samples(channels, depth)
        opaque = samples[..., : channels - (color in (GREY_ALPHA, RGBA))]
        # 16 bits lose their low byte; fewer than 8 are spread from black to white. Transparency does not count.
        wanted = opaque >> 8 if depth == 16 else opaque * 255 // (2**depth - 1)
        found = images.decode(png(samples, color, depth=depth, interlaced=interlaced))
        np.testing.assert_array_equal(np.asarray(found), np.broadcast_to(wanted, (11, 13, 3)), err_msg=f"{depth} bits")


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_palette_gives_its_colours_whether_or_not_some_are_transparent(depth):
    palette = np.random.default_rng(1).integers(0, 256, (2**depth, 3), np.uint8)
    samples = random_samples(1, depth)
    for transparency in (b"", chunk(b"tRNS", bytes([0]) + bytes([128]) * (2**depth - 1)), chunk(b"tRNS", b"\0")):
        data = png(samples, PALETTE, depth=depth, extra=chunk(b"PLTE", palette.tobytes()) + transparency)
        np.testing.assert_array_equal(np.asarray(images.decode(data)), palette[samples[..., 0]])


@pytest.mark.parametrize(("color", "channels"), [(GREY, 1), (RGB, 3)])
def test_a_colour_that_stands_for_transparency_stays_a_colour(color, channels):
    samples = random_samples(channels, 8)
    marked = chunk(b"tRNS", b"".join(struct.pack(">H", int(number)) for number in samples[0, 0]))
    found = np.asarray(images.decode(png(samples, color, extra=marked)))
    np.testing.assert_array_equal(found, np.broadcast_to(samples, (11, 13, 3)))


@pytest.mark.parametrize("kind", ["CMYK", "YCCK"])
def test_inks_stored_inverted_as_adobe_does_become_what_they_look_like(kind):
    inks = np.zeros((32, 32, 4), np.uint8)
    inks[:16, :16] = 255, 0, 0, 0  # cyan
    inks[:16, 16:] = 10, 200, 220, 30  # a dark red
    inks[16:, :16] = 0, 0, 0, 180  # grey of black alone
    inks[16:, 16:] = 0, 0, 0, 0  # paper
    data = ycck(inks) if kind == "YCCK" else encoded(_cmyk(inks), "JPEG", quality=100)
    np.testing.assert_allclose(np.asarray(images.decode(data), float), printed(inks), atol=4)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_stands_as_exif_says_it_was_held(form, orientation):
    corners = np.zeros((24, 16, 3), np.uint8)
    corners[:8, :8], corners[:8, 8:], corners[16:, :8] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(corners), form, exif=exif)
    wanted = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    assert wanted.size == ((24, 16) if orientation > 4 else (16, 24))
    np.testing.assert_array_equal(np.asarray(images.decode(data)), np.asarray(wanted))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # Pillow's own error, which may appear in a log
@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + bytes(99)])
def test_a_damaged_exif_is_no_reason_to_refuse_the_picture(picture, exif):
    assert images.decode(encoded(picture, "JPEG", exif=exif)).size == (10, 12)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True, "subsampling": 0}])
def test_a_progressive_jpeg_is_the_same_picture(options):
    soft = Image.linear_gradient("L").resize((40, 30)).convert("RGB")
    found = np.asarray(images.decode(encoded(soft, "JPEG", quality=95, **options)), float)
    np.testing.assert_allclose(found, np.asarray(soft, float), atol=4)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_what_follows_the_end_of_an_image_does_not_count(picture, form):
    whole = encoded(picture, form)
    for rest in (b"\0" * 9, b"\xff\xd8\xff\xda\0\2", np.random.default_rng(0).bytes(5000)):
        np.testing.assert_array_equal(np.asarray(images.decode(whole + rest)), np.asarray(images.decode(whole)))


def test_a_preview_within_a_jpeg_does_not_pass_for_its_end(picture):
    preview = jpeg_marker(0xE1, b"Exif\0\0" + encoded(picture, "JPEG"))
    whole = encoded(picture, "JPEG")
    whole = whole[:2] + preview + whole[2:]
    assert images.decode(whole).size == (10, 12)
    with pytest.raises(ImageError, match="cut short"):
        images.decode(whole[:-2])


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK"])
def test_one_channel_is_grey(picture, mode):
    data = encoded(picture.convert(mode), "JPEG" if mode == "CMYK" else "PNG")
    found = images.decode(data, channels=1)
    assert (found.mode, images.pixels(found, (1, 6, 5)).shape) == ("L", (1, 6, 5))
    luma = np.asarray(images.decode(data), float) @ [0.299, 0.587, 0.114]  # ITU-R 601
    np.testing.assert_allclose(np.asarray(found, float), luma, atol=1)


@pytest.mark.parametrize("channels", [0, 2, 4])
def test_other_numbers_of_channels_are_refused_by_name(picture, channels):
    with pytest.raises(ValueError, match=f"not to {channels}"):
        images.decode(encoded(picture), channels)


WHOLE = {form: encoded(Image.linear_gradient("L"), form) for form in ("PNG", "JPEG")}
NEED_NO_DECODING = {
    "empty": (b"", "0 bytes"),
    "no image": (b"hello", "neither a PNG nor a JPEG"),
    "a GIF": (encoded(Image.new("RGB", (4, 4)), "GIF"), "neither a PNG nor a JPEG"),
    "a PNG's signature": (b"\x89PNG\r\n\x1a\n", "cut short"),
    "a PNG without a header": (b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b"") + chunk(b"IEND", b""), "header"),
    "a huge PNG": (png(np.zeros((4, 4, 3), int), RGB, size=(60_000, 60_000)), "too large: 60000 x 60000"),
    "a huge JPEG": (jpeg_of(65_000, 65_000), "too large: 65000 x 65000"),
    "a PNG bomb": (png(np.zeros((4, 4, 3), int), RGB, size=(7_000, 7_000)), "bomb: 7000 x 7000 pixels in"),
    "a JPEG bomb": (jpeg_of(7_000, 7_000), "bomb"),
    "an empty PNG": (png(np.zeros((4, 4, 3), int), RGB, size=(0, 4)), "empty: 0 x 4"),
    "a JPEG of endless scans": (jpeg_of(2_000, 2_000, scans=101), "more than 100 scans"),
    "a JPEG without pixels": (b"\xff\xd8\xff\xd9", "before any pixels"),
    "a JPEG without an end": (jpeg_of(16, 16, end=False), "cut short"),
    "a JPEG without markers": (b"\xff\xd8\xff\xe0\0\2hello", "no marker"),
}
for _form, _data in WHOLE.items():
    for _size in (20, len(_data) // 2, len(_data) - 1):
        NEED_NO_DECODING[f"{_form} cut at {_size}"] = (_data[:_size], "cut short")


@pytest.mark.parametrize(("data", "reason"), NEED_NO_DECODING.values(), ids=NEED_NO_DECODING.keys())
def test_refuses_by_structure_alone_what_need_not_be_decoded(monkeypatch, data, reason):
    def decoded(*_, **__):
        raise AssertionError("it was decoded")

    monkeypatch.setattr(Image, "open", decoded)
    with pytest.raises(ImageError, match=reason):
        images.decode(data)


@given(
    data=strategies.binary(max_size=200), start=strategies.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"])
)
def test_any_bytes_are_an_image_or_a_reason(data, start):
    with contextlib.suppress(ImageError):
        images.decode(start + data)
