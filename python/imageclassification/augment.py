"""The augmentation of training images (``augmentation_type``), by MXNet's definitions.

======================  ============================================================================================
crop                    a random crop; half of the crops are mirrored
crop_color              also changes hue, saturation and lightness by random amounts
crop_color_transform    also rotates, shears and stretches the image by random amounts before the crop
======================  ============================================================================================

The ranges are those of the algorithm's documentation: hue ±36, saturation ±50, lightness ±50; rotation 10 degrees,
shear 0.1, aspect ratio 0.25. The arithmetic is that of MXNet's ``src/io/image_aug_default.cc``: hue goes from 0 to 180,
saturation and lightness from 0 to 255, values beyond are clipped, and pixels from outside the image are white.

Example::

    >>> image = np.zeros((32, 40, 3), np.uint8)
    >>> batch = cut([image, image], (28, 28), "crop", np.random.default_rng(0))
    >>> batch.shape, batch.dtype
    ((2, 28, 28, 3), dtype('uint8'))
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

CROP, COLOR, TRANSFORM = "crop", "crop_color", "crop_color_transform"
COLOR_RANGES = np.array([36, 50, 50], np.float32)  # hue, lightness, saturation
COLOR_LIMITS = np.array([180, 255, 255], np.float32)
MOST_DEGREES, MOST_SHEAR, MOST_ASPECT = 10.0, 0.1, 0.25


def cut(
    images: Sequence[np.ndarray], size: tuple[int, int], augmentation: str | None, random: np.random.Generator
) -> np.ndarray:
    """Cuts a batch for training out of images.

    Args:
        images: uint8 (height, width, 3), each at least as large as ``size``.
        size: Height and width of the crops. Without augmentation, crops are from the middle.
        augmentation: ``augmentation_type``, or None.
        random: The random number generator.

    Returns:
        uint8 (len(images), *size, 3).
    """
    height, width = size
    maps = random_maps(len(images), random) if augmentation == TRANSFORM else None
    spare = np.array([image.shape[:2] for image in images], np.int64) - np.array(size, np.int64)
    corners = spare // 2 if augmentation is None else random.integers(0, spare + 1)
    batch = np.empty((len(images), height, width, 3), np.uint8)
    for place, (image, (top, left)) in enumerate(zip(images, corners.tolist(), strict=True)):
        if maps is None:
            batch[place] = image[top : top + height, left : left + width]
        else:
            batch[place] = warp(image, maps[place], (top, left), size)
    if augmentation is not None:
        mirrored = random.random(len(images)) < 0.5
        batch[mirrored] = batch[mirrored, :, ::-1]
    if augmentation in (COLOR, TRANSFORM):
        amounts = random.uniform(-1, 1, (len(images), 3)).astype(np.float32) * COLOR_RANGES
        batch = move_colors(batch, amounts)
    return batch


def move_colors(images: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Adds to the hue, lightness and saturation of every pixel.

    Args:
        images: uint8 (N, height, width, 3), RGB.
        amounts: float32 (N, 3): the amounts to add to each image's hue (scale 0 to 180), lightness and saturation
            (scale 0 to 255).

    Returns:
        uint8, the shape of ``images``.
    """
    # One contiguous plane per component: numpy is ten times as fast on these as with a stride of three.
    planes = np.moveaxis(images, -1, 0).astype(np.float32, order="C")
    planes /= 255
    moves = (amounts / COLOR_LIMITS).T[..., None, None]
    moved = [np.clip(plane + move, 0, 1) for plane, move in zip(rgb_to_hls(*planes), moves, strict=True)]
    result = np.empty_like(images)
    for place, plane in enumerate(hls_to_rgb(*moved)):
        plane *= 255
        result[..., place] = np.rint(plane, out=plane)
    return result


def rgb_to_hls(red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Converts RGB to hue, lightness and saturation. All are float32 of one shape, from 0 to 1."""
    high, low = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    span, lightness = high - low, (high + low) / 2
    grey = span == 0
    room = 1 - np.abs(2 * lightness - 1)
    room[grey] = 1  # avoids 0 / 0 for black and white; greys have saturation 0
    saturation = span / room
    # The greatest component gives the third of the circle, the difference of the other two the place in it.
    sixth = 1 / np.where(grey, 1, span)
    hue = np.where(
        high == red,
        (green - blue) * sixth,
        np.where(high == green, (blue - red) * sixth + 2, (red - green) * sixth + 4),
    )
    hue /= 6
    hue += hue < 0
    return hue, lightness, saturation


def hls_to_rgb(
    hue: np.ndarray, lightness: np.ndarray, saturation: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Converts back to RGB: the inverse of ``rgb_to_hls``."""
    chroma = np.minimum(lightness, 1 - lightness) * saturation
    hue = hue * 12

    def component(opposite: int) -> np.ndarray:
        """A component of RGB. ``opposite`` is the hue, in twelfths of the circle, at which it is least."""
        away = np.abs(hue - opposite)
        away = np.minimum(away, 12 - away)
        return lightness + chroma * np.clip(away - 3, -1, 1)

    return component(6), component(10), component(2)


def random_maps(count: int, random: np.random.Generator) -> np.ndarray:
    """Draws rotations, shears and stretches about the centre of an image.

    Args:
        count: The number of maps.
        random: The random number generator.

    Returns:
        float64 (count, 2, 2): from a place in the changed image (x, y from the centre, in pixels) to one in the image.
    """
    angle, shear, aspect = random.uniform(-1, 1, (3, count)) * [
        [math.radians(MOST_DEGREES)],
        [MOST_SHEAR],
        [MOST_ASPECT],
    ]
    cosine, sine = np.cos(angle), np.sin(angle)
    tall = 2 / (2 + aspect)
    wide = (1 + aspect) * tall
    forward = np.array(
        [[tall * cosine - shear * sine * wide, tall * sine + shear * cosine * wide], [-sine * wide, cosine * wide]]
    )
    return np.linalg.inv(forward.transpose(2, 0, 1))


def warp(image: np.ndarray, backward: np.ndarray, corner: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Cuts a crop out of an image that is changed about its centre. Only the crop is computed.

    Args:
        image: uint8 (height, width, 3).
        backward: One of :func:`random_maps`.
        corner: Top and left of the crop in the changed image, in pixels.
        size: The crop's height and width.

    Returns:
        uint8 (*size, 3).
    """
    height, width = image.shape[:2]
    (a, b), (d, e) = backward.tolist()
    x, y = corner[1] - width / 2, corner[0] - height / 2
    matrix = (a, b, a * x + b * y + width / 2, d, e, d * x + e * y + height / 2)
    picture = Image.frombuffer("RGB", (width, height), np.ascontiguousarray(image), "raw", "RGB", 0, 1)
    bilinear, white = Image.Resampling.BILINEAR, (255, 255, 255)
    return np.asarray(picture.transform(size[::-1], Image.Transform.AFFINE, matrix, bilinear, fillcolor=white))
