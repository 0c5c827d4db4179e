"""CIFAR-100's pickles are read with every pixel unchanged, and without running code in them."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from scones.dataset.archive import Archive
from scones.dataset.cifar import unpickle
from scones.errors import DatasetError

CLASSES = ("bicycle", "motorcycle")


class Asks:
    """An object whose pickle calls ``function``."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_reads_every_pixel_label_and_name_of_the_classes_asked_for(archive, members):
    """Each row holds three planes of 32 rows of 32 pixels, as CIFAR-100's page describes."""
    images = Archive(archive).read(CLASSES).train
    batch = members["train"]
    wanted = [place for place, label in enumerate(batch[b"fine_labels"]) if label in (1, 3)]
    assert list(images.names) == [batch[b"filenames"][place].decode() for place in wanted]
    assert list(images.labels) == [(batch[b"fine_labels"][place] - 1) // 2 for place in wanted]
    for image, place in zip(images.pixels, wanted, strict=True):
        for row, column, channel in ((0, 0, 0), (0, 31, 1), (31, 0, 2), (13, 7, 1)):
            assert image[row, column, channel] == batch[b"data"][place][1024 * channel + 32 * row + column]


def test_labels_follow_the_order_given(archive):
    one, other = (Archive(archive).read(classes).test for classes in (CLASSES, CLASSES[::-1]))
    assert one.names == other.names
    assert list(one.labels) == [1 - label for label in other.labels]


@pytest.mark.parametrize("protocol", range(2, 6))
def test_reads_what_python_3_pickled_too(pack, members, protocol):
    """Users often save parts of CIFAR-100 again with a newer Python."""
    packed = pack({name: pickle.dumps(value, protocol) for name, value in members.items()})
    images, original = Archive(packed).read(CLASSES).train, Archive(pack(members, "2.tar.gz")).read(CLASSES).train
    assert np.array_equal(images.pixels, original.pixels)
    assert images.names == original.names


def test_refuses_a_pickle_that_asks_for_os_system(tmp_path):
    import os

    mark = tmp_path / "run"
    with pytest.raises(DatasetError, match=r"asks for \w+\.system"):
        unpickle(pickle.dumps({b"data": Asks(os.system, f"touch {mark}")}, 2), "train")
    assert not mark.exists()


@pytest.mark.parametrize("function", [eval, getattr, __import__, Path, np.load, np.frombuffer])
def test_refuses_a_pickle_that_asks_for_anything_but_arrays(function):
    with pytest.raises(DatasetError, match=r"asks for .* when it is loaded"):
        unpickle(pickle.dumps(Asks(function, "x"), 2), "train")


def test_refuses_to_encode_anything_but_bytes():
    import codecs

    with pytest.raises(DatasetError, match="not a pickle that can be read"):
        unpickle(pickle.dumps(Asks(codecs.encode, "x", "rot13"), 2), "train")


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x02}q\x00(U\x04data", b"\x80\x02K\x01."])
def test_names_a_damaged_pickle(content):
    with pytest.raises(DatasetError, match="'train' "):
        unpickle(content, "train")


def test_refuses_labels_outside_the_names(pack, members):
    members["train"][b"fine_labels"][7] = 6
    with pytest.raises(DatasetError, match=r"image 7 \(.*\) has label 6, outside 0 to 5"):
        Archive(pack(members)).read(CLASSES)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (b"data", np.zeros((120, 3072), np.float64), "uint8.*not float64"),
        (b"data", np.zeros((120, 784), np.uint8), r"not uint8 \(120, 784\)"),
        (b"data", [1, 2], "not list"),
        (b"data", np.zeros((119, 3072), np.uint8), "119 images, 120 labels"),
        (b"filenames", [b"a.png"], "1 file names"),
    ],
)
def test_names_what_does_not_fit_together(pack, members, key, value, message):
    members["train"][key] = value
    with pytest.raises(DatasetError, match=message):
        Archive(pack(members)).read(CLASSES)


def test_names_a_missing_key(pack, members):
    del members["test"][b"fine_labels"]
    with pytest.raises(DatasetError, match=r"'test' of small.tar.gz is not CIFAR-100: it has no fine_labels"):
        Archive(pack(members)).read(CLASSES)


def test_an_unknown_class_lists_the_nearest(archive):
    with pytest.raises(DatasetError, match=r"no class 'bycicle'\nnearest to 'bycicle': bicycle"):
        Archive(archive).read(("bycicle", "bus"))


def test_a_class_without_images_lists_those_that_have_some(pack, members):
    place = [label != 0 for label in members["train"][b"fine_labels"]]
    for key in members["train"]:
        kept = [value for value, keep in zip(members["train"][key], place, strict=True) if keep]
        members["train"][key] = np.array(kept) if key == b"data" else kept
    with pytest.raises(DatasetError, match=r"no image of 'apple'\nit has: bicycle, bus, motorcycle, tank, train"):
        Archive(pack(members)).read(("apple", "bus"))
