"""The checks name the mistakes that public runs of this workflow contain."""

import numpy as np
import pytest

from scones.dataset.checks import check
from scones.dataset.contents import Contents, Images
from scones.errors import DatasetError

CLASSES = ("bicycle", "motorcycle")


def images(count, seed, where):
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    return Images(pixels, np.arange(count) % 2, tuple(f"{where}{place}.png" for place in range(count)))


@pytest.fixture
def contents():
    return Contents(images(20, 1, "a"), images(8, 2, "b"))


def test_lets_good_data_through(contents):
    assert check(contents, CLASSES) is contents


def test_names_pixels_indexed_by_label(contents):
    """The mistake is data[label] instead of data[row]. It leaves one image for each class."""
    contents.train.pixels[:] = contents.train.pixels[contents.train.labels]
    with pytest.raises(DatasetError, match=r"'bicycle' has 1 distinct images in train.*\n.*by label instead of by row"):
        check(contents, CLASSES)


def test_names_test_images_read_from_the_train_array(contents):
    contents.test.pixels[:] = contents.train.pixels[:8]
    with pytest.raises(DatasetError, match=r"8 images .*\n  train/a0.png: has the same pixels as test/b0.png"):
        check(contents, CLASSES)


def test_leaves_shared_pixels_out_of_train_and_never_out_of_test(contents):
    contents.train.pixels[4] = contents.test.pixels[1]
    kept = check(contents, CLASSES, skip_bad=True)
    assert len(kept.train) == 19
    assert "a4.png" not in kept.train.names
    assert kept.test is contents.test or kept.test.names == contents.test.names
    assert [str(problem) for problem in kept.problems] == ["train/a4.png: has the same pixels as test/b1.png"]


def test_names_the_same_pixels_under_two_labels(contents):
    contents.train.pixels[7] = contents.train.pixels[2]
    with pytest.raises(DatasetError, match=r"train/a2.png: has the same pixels as a7.png, which has another label"):
        check(contents, CLASSES)
    assert {"a2.png", "a7.png"}.isdisjoint(check(contents, CLASSES, skip_bad=True).train.names)


@pytest.mark.parametrize("label", [-1, 2])
def test_names_labels_outside_the_classes(contents, label):
    contents.test.labels[3] = label
    with pytest.raises(DatasetError, match=f"1 labels in test are outside the 2 classes, first {label} of b3.png"):
        check(contents, CLASSES)


def test_one_test_picture_a_class_is_poor_and_no_mistake(contents):
    check(Contents(contents.train, contents.test.take([0, 1])), CLASSES)
    with pytest.raises(DatasetError, match="'motorcycle' has 0 distinct images in test"):
        check(Contents(contents.train, contents.test.take([0, 2])), CLASSES)
