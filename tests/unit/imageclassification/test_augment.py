"""Augmentation: colours agree with the standard library's conversion, and shapes stay inside the documented ranges."""

import colorsys

import numpy as np
import pytest

from imageclassification import augment


@pytest.fixture
def random():
    return np.random.default_rng(2)


def test_colours_are_converted_as_the_standard_library_does(random):
    rgb = random.random((500, 3)).astype(np.float32)
    rgb[:100] = random.integers(0, 3, (100, 3)) / 2  # greys, primaries, equal components
    wanted = np.array([colorsys.rgb_to_hls(*color) for color in rgb.astype(float)])
    found = np.stack(augment.rgb_to_hls(*rgb.T), -1)
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    np.testing.assert_allclose(np.stack(augment.hls_to_rgb(*found.T), -1), rgb, atol=1e-5)


def test_colours_are_converted_back_as_the_standard_library_does(random):
    hls = random.random((500, 3)).astype(np.float32)
    hls[:50, 0] = np.linspace(0, 1, 50)
    wanted = np.array([colorsys.hls_to_rgb(*color) for color in hls.astype(float)])
    np.testing.assert_allclose(np.stack(augment.hls_to_rgb(*hls.T), -1), wanted, atol=1e-5)


def test_moving_colours_by_nothing_changes_nothing(random):
    images = random.integers(0, 256, (4, 6, 6, 3), np.uint8)
    np.testing.assert_array_equal(augment.move_colors(images, np.zeros((4, 3), np.float32)), images)


def test_each_image_is_moved_by_its_own_amounts():
    images = np.full((4, 2, 2, 3), (200, 100, 100), np.uint8)
    amounts = np.array([[0, 0, 0], [60, 0, 0], [0, 500, 0], [0, 0, -500]], np.float32)
    found = augment.move_colors(images, amounts)[:, 0, 0]
    np.testing.assert_array_equal(found, [[200, 100, 100], [100, 200, 100], [255, 255, 255], [150, 150, 150]])


def changed(image, random):
    """The whole of an image, as crop_color_transform changes it."""
    return augment.warp(image, augment.random_maps(1, random)[0], (0, 0), image.shape[:2])


def test_a_transformed_image_keeps_its_size_and_most_of_its_middle(random):
    image = np.full((40, 60, 3), 255, np.uint8)
    image[15:25, 20:40] = 0
    kept = []
    for _ in range(50):
        found = changed(image, random)
        assert found.shape == image.shape
        assert (found[18:22, 27:33] == 0).all()
        assert (found[:4] == 255).all()  # the uncovered part is white
        kept.append((found[..., 0] < 128).sum())
    assert min(kept) < 200 < max(kept)
    assert min(kept) > 100
    assert max(kept) < 320


def test_a_transformation_stays_within_10_degrees(random):
    image = np.full((101, 101, 3), 255, np.uint8)
    image[50, 10:91] = 0
    for _ in range(30):
        rows, columns = np.nonzero(changed(image, random)[..., 0] < 200)
        slope = np.polyfit(columns, rows, 1)[0]
        assert abs(slope) < np.tan(np.radians(10)) * 1.25 / 0.75 + 0.02


def test_a_crop_of_a_transformed_image_is_that_part_of_it(random):
    image = random.integers(0, 256, (40, 60, 3), np.uint8)
    (backward,) = augment.random_maps(1, random)
    whole = augment.warp(image, backward, (0, 0), (40, 60)).astype(int)
    part = augment.warp(image, backward, (5, 9), (28, 30)).astype(int)
    assert np.abs(part - whole[5:33, 9:39]).max() <= 1  # the last bit is rounding


@pytest.mark.parametrize("augmentation", [None, "crop", "crop_color", "crop_color_transform"])
def test_every_type_cuts_images_of_any_size_to_the_networks(random, augmentation):
    images = [random.integers(0, 256, (*size, 3), np.uint8) for size in [(8, 8), (8, 20), (13, 9)]]
    found = augment.cut(images, (8, 8), augmentation, random)
    assert (found.shape, found.dtype) == ((3, 8, 8, 3), np.uint8)


def test_each_type_does_more_than_the_one_before(random):
    """crop keeps a uniform image as it is, crop_color keeps it uniform, crop_color_transform does not."""
    images = [np.full((12, 12, 3), (90, 120, 30), np.uint8)] * 8
    cropped, colored, transformed = (
        augment.cut(images, (12, 12), kind, random) for kind in ("crop", "crop_color", "crop_color_transform")
    )
    assert (cropped == (90, 120, 30)).all()
    assert (colored != (90, 120, 30)).any()
    assert (colored == colored[:, :1, :1]).all()
    assert (transformed != transformed[:, 6:7, 6:7]).any()
