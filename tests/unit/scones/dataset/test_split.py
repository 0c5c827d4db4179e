"""Stratified, seeded splits."""

import numpy as np
import pytest

from scones.dataset.contents import Images
from scones.dataset.split import split
from scones.errors import DatasetError

CLASSES = ("bicycle", "motorcycle")


def images(labels, *, equal=()):
    """One random image for each label. The images of each pair in ``equal`` have the same pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (len(labels), 32, 32, 3), dtype=np.uint8)
    for one, other in equal:
        pixels[other] = pixels[one]
    return Images(pixels, np.array(labels), tuple(f"{place}.png" for place in range(len(labels))))


def validation(given, classes=CLASSES, seed=0, **options):
    rest, aside = split(given, classes, share=0.1, seed=seed, aside="validation", **options)
    assert sorted(rest.names + aside.names) == sorted(given.names)
    return aside


def test_takes_a_tenth_of_each_class():
    aside = validation(images([0] * 500 + [1] * 200))
    assert list(np.bincount(aside.labels)) == [50, 20]


def test_another_seed_takes_others_and_the_same_seed_the_same():
    given = images([0, 1] * 50)
    assert validation(given).names == validation(given).names
    assert validation(given).names != validation(given, seed=1).names


def test_what_is_taken_of_a_class_does_not_depend_on_the_other_classes():
    given = images([0, 1, 2] * 40)
    both = given.take(np.flatnonzero(given.labels < 2))
    of_three = validation(given, (*CLASSES, "bus"))
    assert set(validation(both).names) < set(of_three.names)
    swapped = Images(both.pixels, 1 - both.labels, both.names)
    assert validation(swapped, CLASSES[::-1]).names == validation(both).names


def test_never_parts_equal_images():
    for seed in range(20):
        given = images([0] * 20 + [1] * 20, equal=[(0, 5), (0, 9), (22, 30)])
        aside = validation(given, seed=seed).names
        for together in (("0.png", "5.png", "9.png"), ("22.png", "30.png")):
            assert len({name in aside for name in together}) == 1


def test_takes_at_least_one_and_leaves_what_must_stay():
    assert list(np.bincount(validation(images([0] * 3 + [1] * 4)).labels)) == [1, 1]
    with pytest.raises(DatasetError, match=r"class 'motorcycle' has 2 distinct images.*: 3 are needed"):
        validation(images([0] * 3 + [1] * 4, equal=[(3, 4), (3, 5)]))
