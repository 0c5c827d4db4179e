"""Pictures from a folder may have any size, mode and rotation, and unusable files are listed."""

import io

import numpy as np
import pytest
from PIL import Image

from scones.dataset.folder import Folder
from scones.dataset.pictures import pixels
from scones.errors import DatasetError

CLASSES = ("scooter", "bicycle")


def encoded(picture, form="PNG", **options):
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


@pytest.fixture
def pictures(tmp_path):
    """12 pictures for each class, in different sizes, PNG and JPEG."""
    rng = np.random.default_rng(0)
    for name in CLASSES:
        (tmp_path / name / "more").mkdir(parents=True)
        for number in range(12):
            picture = Image.fromarray(rng.integers(0, 256, (20 + 5 * number, 90 - number, 3), dtype=np.uint8))
            where = tmp_path / name / ("more" if number % 4 == 0 else "")
            form = ("PNG", "JPEG")[number % 2]
            (where / f"{name}{number}.{form.lower()}").write_bytes(encoded(picture, form))
    return tmp_path


def test_reads_every_picture_once_with_its_label(pictures):
    contents = Folder(pictures).read(CLASSES)
    assert contents.train.pixels.shape == (20, 32, 32, 3)
    assert contents.train.pixels.dtype == np.uint8
    names = contents.train.names + contents.test.names
    assert sorted(names) == sorted(f"{name}{number}.png" for name in CLASSES for number in range(12))
    for images in (contents.train, contents.test):
        for name, label in zip(images.names, images.labels, strict=True):
            assert name.startswith(CLASSES[label])


def test_sets_a_sixth_of_each_class_aside_for_the_test(pictures):
    contents = Folder(pictures).read(CLASSES)
    assert list(np.bincount(contents.test.labels)) == [2, 2]
    assert Folder(pictures).read(CLASSES).test.names == contents.test.names
    assert any(Folder(pictures).read(CLASSES, seed=seed).test.names != contents.test.names for seed in (1, 2, 3))


def test_turns_a_picture_as_its_exif_orientation_says():
    upright = np.zeros((64, 64, 3), np.uint8)
    upright[:32, :, 0] = 255  # red above
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was sideways: a turn of 90 degrees clockwise makes the picture upright
    lying = Image.fromarray(np.rot90(upright))
    turned = pixels(encoded(lying, "PNG", exif=exif), 32, "crop")
    assert (turned[:14, :, 0] > 250).all()
    assert (turned[18:, :, 0] < 5).all()


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1"])
def test_any_mode_becomes_rgb(mode):
    assert pixels(encoded(Image.new("RGB", (40, 30), (255, 255, 255)).convert(mode)), 32, "crop").shape == (32, 32, 3)


def test_lists_every_file_that_cannot_be_used(pictures):
    (pictures / "bicycle" / "notes.txt").write_text("a list")
    (pictures / "scooter" / "cut.jpeg").write_bytes((pictures / "scooter" / "scooter1.jpeg").read_bytes()[:300])
    (pictures / "scooter" / "empty.png").touch()
    with pytest.raises(DatasetError, match="3 of 27 files") as caught:
        Folder(pictures).read(CLASSES)
    for line in (
        "bicycle/notes.txt: is no PNG, JPEG, WebP, GIF, TIFF, BMP or HEIC",
        "scooter/cut.jpeg: is damaged",
        "scooter/empty.png: ",
    ):
        assert line in str(caught.value)
    contents = Folder(pictures).read(CLASSES, skip_bad=True)
    assert len(contents.train) + len(contents.test) == 24
    assert [problem.file for problem in contents.problems] == [
        "scooter/cut.jpeg",
        "scooter/empty.png",
        "bicycle/notes.txt",
    ]


def test_names_all_that_it_does_not_read(pictures):
    for name in (".DS_Store", "._scooter1.jpeg", "Thumbs.db"):
        (pictures / "scooter" / name).write_bytes(b"x")
    (pictures / "else").mkdir()
    (pictures / "else" / "one.png").touch()
    (pictures / "list.csv").touch()
    (pictures / "bicycle" / "gone.png").symlink_to(pictures / "nowhere.png")
    folder = Folder(pictures)
    assert folder.read(CLASSES).problems == ()
    assert [str(one) for one in folder.passed_over(CLASSES)] == [
        "bicycle/gone.png: is a broken link",
        "else/: is none of the classes; 1 files are in it",
        "list.csv: is in no class's folder",
        "scooter/.DS_Store: is hidden",
        "scooter/._scooter1.jpeg: is hidden",
        "scooter/Thumbs.db: is the system's",
    ]


def test_the_same_name_in_two_classes_gets_its_class_in_front(pictures):
    for name in CLASSES:
        (pictures / name / f"{name}2.png").rename(pictures / name / "front.png")
    contents = Folder(pictures).read(CLASSES)
    names = contents.train.names + contents.test.names
    assert {"scooter_front.png", "bicycle_front.png"} < set(names)


def test_a_missing_class_lists_the_nearest_folder(pictures):
    with pytest.raises(DatasetError, match="no class 'scoter'\nnearest to 'scoter': scooter\nfor instance: --classes "):
        Folder(pictures).read(("scoter", "bicycle"))


def test_names_a_folder_that_is_none(tmp_path):
    with pytest.raises(DatasetError, match="is not a folder"):
        Folder(tmp_path / "none").identity()
    with pytest.raises(DatasetError, match="has no sub-folders"):
        Folder(tmp_path).identity()


def test_its_identity_follows_names_and_contents_not_times(pictures):
    before = Folder(pictures).identity()
    some = pictures / "scooter" / "scooter1.jpeg"
    some.write_bytes(some.read_bytes())
    assert Folder(pictures).identity() == before
    some.write_bytes(some.read_bytes() + b"\0")
    assert Folder(pictures).identity() != before


def test_pictures_have_the_size_and_fit_that_the_folder_is_given(pictures):
    assert Folder(pictures, 64, "pad").read(CLASSES).train.pixels.shape[1:] == (64, 64, 3)
    with pytest.raises(DatasetError, match="squares of 32 to 512 pixels, not 513"):
        Folder(pictures, 513)
    with pytest.raises(DatasetError, match=r"fitted by 'squash'\n.*crop.*pad.*stretch"):
        Folder(pictures, fit="squash")
