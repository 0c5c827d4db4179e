"""Pictures of every form keep their shape, and nothing in a folder goes unnamed."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image

from scones.dataset import pictures


def encoded(picture, form, **options):
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


def disc():
    """A white disc in the middle of a wide, blue picture."""
    rows, columns = np.mgrid[:120, :240]
    inside = (rows - 60) ** 2 + (columns - 120) ** 2 < 40**2
    field = np.zeros((120, 240, 3), np.uint8)
    field[..., 2] = 200
    field[inside] = 255
    return Image.fromarray(field)


def sides(found):
    """The width and height of the disc."""
    white = found[..., 0] > 128
    return int(white.any(axis=0).sum()), int(white.any(axis=1).sum())


@pytest.mark.parametrize(("fit", "width", "height"), [("crop", 43, 43), ("pad", 21, 21), ("stretch", 21, 43)])
def test_a_disc_stays_round_unless_it_is_stretched(fit, width, height):
    found = pictures.pixels(encoded(disc(), "PNG"), 64, fit)
    across, down = sides(found)
    assert found.shape == (64, 64, 3)
    assert abs(across - width) <= 2
    assert abs(down - height) <= 2


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_every_form_is_read_and_becomes_one_that_the_endpoint_takes(form):
    content = encoded(disc(), form)
    assert sides(pictures.pixels(content, 64, "crop")) == pytest.approx((43, 43), abs=2)
    with Image.open(io.BytesIO(pictures.sendable(content))) as sent:
        assert (sent.format in pictures.SENDABLE, sent.size) == (True, (240, 120))
    assert (pictures.sendable(content) == content) is (form in pictures.SENDABLE)


def test_of_a_moving_picture_the_first_frame_is_read():
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "lime")]
    for form in ("GIF", "WEBP", "TIFF"):
        content = encoded(frames[0], form, save_all=True, append_images=frames[1:])
        assert pictures.pixels(content, 32, "crop")[16, 16].tolist() == pytest.approx([255, 0, 0], abs=3)


def test_a_camera_that_was_held_upright_is_followed_in_every_form():
    exif = Image.Exif()
    exif[0x0112] = 6
    for form in ("JPEG", "WEBP", "TIFF"):
        content = encoded(disc(), form, exif=exif)
        with Image.open(io.BytesIO(pictures.sendable(content))) as sent:
            assert sent.size == ((240, 120) if form == "JPEG" else (120, 240))
        assert pictures.pixels(content, 64, "pad")[32, 2].tolist() == pytest.approx([pictures.GREY] * 3, abs=8)


def test_heic_is_known_and_it_is_said_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ValueError, match="pip install pillow-heif"):
        pictures.pixels(b"\0\0\0\x18ftypheic" + bytes(40), 32, "crop")


def test_a_conversion_that_is_too_large_as_png_is_sent_as_jpeg(monkeypatch):
    monkeypatch.setattr(pictures, "LARGEST", 1000)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    assert pictures.form(pictures.sendable(encoded(noise, "BMP"))) == "JPEG"


def test_more_pixels_than_the_endpoint_takes_are_refused(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 1000)
    for form in ("PNG", "WEBP"):
        with pytest.raises(ValueError, match="has 40 x 40 pixels, more than 1,000"):
            pictures.pixels(encoded(Image.new("RGB", (40, 40)), form), 32, "crop")


def test_a_folder_gives_its_pictures_and_names_the_rest(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.webp").write_bytes(encoded(disc(), "WEBP"))
    (tmp_path / "deep" / "b").write_bytes(encoded(disc(), "GIF"))  # a picture by its first bytes alone
    (tmp_path / "broken.png").write_bytes(b"none")
    (tmp_path / "notes.txt").write_text("a list")
    (tmp_path / "empty").touch()
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "folder").symlink_to(tmp_path / "deep")
    found, passed = pictures.inside(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a.webp", "broken.png", "deep/b"]
    assert [str(one) for one in passed] == [
        ".DS_Store: is hidden",
        "empty: is empty",
        "folder: is a link to a folder, which is not followed",
        "notes.txt: is no PNG, JPEG, WebP, GIF, TIFF, BMP or HEIC",
    ]
    said = []
    pictures.told(passed, "photos", said.append)
    assert said[0].startswith("4 files are passed over in photos:\n  .DS_Store: is hidden\n")
