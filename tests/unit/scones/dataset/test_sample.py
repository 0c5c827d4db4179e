"""The drawn two-wheelers."""

import numpy as np
import pytest

from scones.dataset.checks import check
from scones.dataset.sample import CLASSES, Sample, draw
from scones.errors import DatasetError


@pytest.mark.parametrize(
    ("train", "test"), [(40, 10), pytest.param(500, 100, marks=[pytest.mark.slow, pytest.mark.nightly])]
)
def test_draws_as_many_as_are_asked_for_all_different(train, test):
    contents = Sample(train=train, test=test).read(CLASSES)
    assert list(np.bincount(contents.train.labels)) == [train, train]
    assert list(np.bincount(contents.test.labels)) == [test, test]
    assert contents.train.pixels.shape == (2 * train, 32, 32, 3)
    assert len(set(contents.train.digests + contents.test.digests)) == 2 * (train + test)
    assert len(set(contents.train.names + contents.test.names)) == 2 * (train + test)
    assert check(contents, CLASSES) is contents


def test_draws_as_many_as_cifar_100_has():
    assert Sample() == Sample(train=500, test=100)


def test_draws_the_same_every_time_and_fewer_are_the_first_of_more():
    few, many = Sample(train=4, test=2).read(CLASSES).train, Sample(train=8, test=2).read(CLASSES).train
    assert Sample(train=4, test=2).read(CLASSES[::-1], seed=5).train.digests == few.digests
    assert set(few.digests) < set(many.digests)


def test_the_label_is_not_in_a_trivial_feature():
    """Brightness, colour and grain say little, so a network has to learn the shape."""
    drawn = [
        (label, draw(name, np.random.default_rng([7, label, number])))
        for label, name in enumerate(CLASSES)
        for number in range(100)
    ]
    labels = np.array([label for label, _ in drawn])
    pixels = np.array([image for _, image in drawn], dtype=float)
    for feature in (pixels.mean((1, 2, 3)), pixels.std((1, 2, 3)), *pixels.mean((1, 2)).T):
        threshold = np.median(feature)
        right = np.mean((feature > threshold) == labels)
        assert 0.3 < right < 0.7


def test_says_clearly_that_it_has_two_classes_only():
    with pytest.raises(DatasetError, match=r"bicycle and motorcycle only, not 'bus'\n.*CIFAR-100"):
        Sample().read(("bicycle", "bus"))
