"""Draws things that are neither bicycles nor motorcycles, for the drawn sample's class ``other``.

Example::

    >>> draw("house", np.random.default_rng(0), 128).size
    (128, 128)

Some share parts with a two-wheeler: a cart and a tractor have wheels, a ladder has tubes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageDraw

_CANVAS = 128  # the side that the drawings below are made for


def draw(kind: str, rng: np.random.Generator, side: int) -> Image.Image:
    """Draw a thing on a transparent canvas.

    Args:
        kind: One of :data:`KINDS`.
        side: The canvas's width and height, in pixels.
    """
    layer = Image.new("RGBA", (_CANVAS, _CANVAS), (0, 0, 0, 0))
    KINDS[kind](ImageDraw.Draw(layer), rng)
    return layer if side == _CANVAS else layer.resize((side, side), Image.Resampling.BICUBIC)


def _colour(rng: np.random.Generator, low: int = 10, high: int = 245) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


def _house(brush: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    left, right, top = 30 - int(rng.integers(14)), 98 + int(rng.integers(14)), int(rng.integers(44, 66))
    brush.rectangle((left, top, right, 104), fill=_colour(rng))
    brush.polygon((left - 6, top, (left + right) // 2, top - int(rng.integers(18, 40)), right + 6, top), _colour(rng))
    glass = _colour(rng)
    for across in range(left + 8, right - 14, int(rng.integers(20, 34))):
        brush.rectangle((across, top + 10, across + 12, top + 24), fill=glass)
    brush.rectangle((left + 24, 78, left + 38, 104), fill=_colour(rng, 5, 90))


def _tree(brush: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    brush.rectangle((58, 66, 58 + int(rng.integers(6, 16)), 108), fill=_colour(rng, 20, 120))
    leaves = _colour(rng, 20, 180)
    for _ in range(int(rng.integers(3, 8))):
        x, y = 64 + float(rng.normal(0, 14)), 46 + float(rng.normal(0, 10))
        radius = float(rng.uniform(12, 28))
        brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=leaves)


def _animal(brush: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    fur, top = _colour(rng), int(rng.integers(46, 60))
    brush.ellipse((28, top, 96, top + int(rng.integers(24, 40))), fill=fur)
    brush.ellipse((84, top - 22, 112, top + 8), fill=fur)
    brush.polygon((88, top - 18, 92, top - 34, 98, top - 20), fill=fur)
    for across in (36, 48, 78, 90):
        brush.line((across, top + 18, across + int(rng.integers(-4, 5)), 104), fill=fur, width=int(rng.integers(5, 10)))
    brush.arc((10, top - 24, 44, top + 20), 60, 190, fill=fur, width=5)


def _fruit(brush: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    wide, high = (float(value) for value in rng.uniform(24, 46, 2))
    brush.ellipse((64 - wide, 68 - high, 64 + wide, 68 + high), fill=_colour(rng, 40, 250))
    brush.ellipse((64 - wide / 2, 68 - high / 1.6, 64 - wide / 8, 68 - high / 4), fill=_colour(rng, 180, 256))
    brush.line((64, 70 - high, 68, 54 - high), fill=_colour(rng, 10, 90), width=4)


def _car(brush: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    paint, top = _colour(rng), int(rng.integers(60, 72))
    brush.rounded_rectangle((14, top, 114, 94), 8, fill=paint)
    brush.polygon((34, top, 46, top - 20, 84, top - 20, 98, top), fill=paint)
    brush.polygon((42, top - 2, 50, top - 16, 80, top - 16, 90, top - 2), fill=_colour(rng, 150, 256))
    radius = float(rng.uniform(9, 14))
    for across in (36, 92):
        brush.ellipse((across - radius, 94 - radius, across + radius, 94 + radius), fill=_colour(rng, 0, 60))


def _ladder(brush: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    wood, wide = _colour(rng), int(rng.integers(3, 8))
    left, right, lean = int(rng.integers(30, 50)), int(rng.integers(78, 100)), int(rng.integers(-16, 17))
    for across in (left, right):
        brush.line((across, 108, across + lean, 16), fill=wood, width=wide)
    for down in range(26, 106, int(rng.integers(12, 22))):
        shift = lean * (108 - down) / 92
        brush.line((left + shift, down, right + shift, down), fill=wood, width=wide)


def _cup(brush: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    glaze = _colour(rng)
    brush.polygon((34, 42, 88, 42, 80, 100, 42, 100), fill=glaze)
    brush.ellipse((34, 32, 88, 52), fill=_colour(rng))
    brush.arc((74, 50, 112, 86), 260, 100, fill=glaze, width=int(rng.integers(5, 10)))


#: What is drawn, by name.
KINDS: Mapping[str, Callable[[ImageDraw.ImageDraw, np.random.Generator], None]] = {
    "house": _house,
    "tree": _tree,
    "animal": _animal,
    "fruit": _fruit,
    "car": _car,
    "ladder": _ladder,
    "cup": _cup,
}
