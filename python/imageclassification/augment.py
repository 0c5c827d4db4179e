"""Augmentation: the changes that ``augmentation_type`` makes to training images, by MXNet's definitions.

======================  ============================================================================================
crop                    a crop from anywhere, mirrored half of the time
crop_color              and hue, saturation and lightness each moved by a random amount
crop_color_transform    and, before the crop, a random rotation, shear and change of aspect ratio
======================  ============================================================================================

Ranges are those of the algorithm's documentation (hue ±36, saturation ±50, lightness ±50; 10 degrees, 0.1, 0.25), the
arithmetic that of MXNet's ``src/io/image_aug_default.cc``: hue counts to 180 and the others to 255, all are clipped
there, and what a rotation uncovers is white::

    batch = cut(image_arrays, (28, 28), "crop", np.random.default_rng(0))      # uint8 (N, 28, 28, 3)
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
    """A batch for training.

    Args:
        images: uint8 (height, width, 3), each at least as large as ``size``.
        size: Height and width of what is cut out: from the middle, or, augmented, from anywhere.
        augmentation: ``augmentation_type``; None for none.
        random: Where the random numbers come from.

    Returns:
        uint8 (len(images), *size, 3).
    """
    height, width = size
    batch = np.empty((len(images), height, width, 3), np.uint8)
    for place, image in enumerate(images):
        if augmentation == TRANSFORM:
            image = transform(image, random)
        spare = image.shape[0] - height, image.shape[1] - width
        if augmentation is None:
            top, left = spare[0] // 2, spare[1] // 2
        else:
            top, left = random.integers(0, spare[0] + 1), random.integers(0, spare[1] + 1)
        batch[place] = image[top : top + height, left : left + width]
    if augmentation is not None:
        mirrored = random.random(len(images)) < 0.5
        batch[mirrored] = batch[mirrored, :, ::-1]
    if augmentation in (COLOR, TRANSFORM):
        amounts = random.uniform(-1, 1, (len(images), 3)).astype(np.float32) * COLOR_RANGES
        batch = move_colors(batch, amounts)
    return batch


def move_colors(images: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Move every pixel's hue, lightness and saturation.

    Args:
        images: uint8 (N, height, width, 3), RGB.
        amounts: float32 (N, 3): what is added to hue (of 180), lightness and saturation (of 255) of each image.

    Returns:
        uint8, as ``images``.
    """
    # Each component a plane of its own: numpy goes through those ten times as fast as through every third number.
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
    """Hue, lightness and saturation, each 0 to 1, of red, green and blue, 0 to 1; float32 of any one shape."""
    high, low = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    span, lightness = high - low, (high + low) / 2
    grey = span == 0
    room = 1 - np.abs(2 * lightness - 1)
    room[grey] = 1  # black and white have none, and no grey any saturation
    saturation = span / room
    # The hue, in sixths of the circle, is told by the two lesser components, counted from the greatest.
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
    """The inverse of ``rgb_to_hls``."""
    chroma = np.minimum(lightness, 1 - lightness) * saturation
    hue = hue * 12

    def component(opposite: int) -> np.ndarray:
        """One that is least at the twelfth of the circle opposite to its own, and full within two of its own."""
        away = np.abs(hue - opposite)
        away = np.minimum(away, 12 - away)
        return lightness + chroma * np.clip(away - 3, -1, 1)

    return component(6), component(10), component(2)


def transform(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Rotate, shear and stretch an image about its centre by random amounts; its size stays.

    Args:
        image: uint8 (height, width, 3).
        random: Where the random numbers come from.

    Returns:
        uint8, as ``image``.
    """
    angle = math.radians(random.uniform(-MOST_DEGREES, MOST_DEGREES))
    shear = random.uniform(-MOST_SHEAR, MOST_SHEAR)
    aspect = 1 + random.uniform(-MOST_ASPECT, MOST_ASPECT)
    cosine, sine = math.cos(angle), math.sin(angle)
    tall = 2 / (1 + aspect)
    wide = aspect * tall
    forward = np.array(
        [[tall * cosine - shear * sine * wide, tall * sine + shear * cosine * wide], [-sine * wide, cosine * wide]]
    )
    backward = np.linalg.inv(forward)  # Pillow asks where each pixel comes from
    centre = np.array([image.shape[1], image.shape[0]]) / 2
    offset = centre - backward @ centre
    matrix = (*backward[0], offset[0], *backward[1], offset[1])
    picture = Image.fromarray(image)
    white = (255, 255, 255)
    return np.asarray(
        picture.transform(picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=white)
    )
