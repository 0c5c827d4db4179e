"""Draws pictures that show nothing: plain, shaded, noise, stripes and text. They belong to the class ``other``.

Example::

    >>> pixels, names = draw(4, np.random.default_rng(0))
    >>> pixels.shape, pixels.dtype, names
    ((4, 32, 32, 3), dtype('uint8'), ('plain', 'text', 'shade', 'text'))

Without such pictures among the training images, a network gives any answer to them, and is often sure of it, because
photographs are nothing like them.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scones.dataset.contents import SIDE

# Part of a data set's description. Increase it when a change alters a picture.
VERSION = 1

_LETTERS = string.ascii_letters + string.digits + ".,:;!?-"


def draw(count: int, rng: np.random.Generator, side: int = SIDE) -> tuple[np.ndarray, tuple[str, ...]]:
    """Draw pictures. Half of them are text: it is the kind that a network takes longest to learn.

    Returns:
        Pixels, uint8, shape (count, side, side, 3); and the kind of each, one of :data:`KINDS`.
    """
    kinds = tuple(TURNS[place % len(TURNS)] for place in range(count))
    pixels = [np.clip(np.rint(KINDS[kind](rng, side)), 0, 255).astype(np.uint8) for kind in kinds]
    return np.stack(pixels) if pixels else np.empty((0, side, side, 3), np.uint8), kinds


def _colour(rng: np.random.Generator) -> np.ndarray:
    """Black, white, a grey or any colour; float64, shape (3,)."""
    kind = rng.random()
    if kind < 0.2:
        return np.zeros(3)
    if kind < 0.4:
        return np.full(3, 255.0)
    return np.full(3, rng.uniform(0, 255)) if kind < 0.6 else rng.uniform(0, 255, 3)


def _plain(rng: np.random.Generator, side: int) -> np.ndarray:
    """One colour, as of a lens cap or a wall, with a camera's noise or without."""
    spread = rng.uniform(0, 8) if rng.random() < 0.5 else 0.0
    return np.broadcast_to(_colour(rng), (side, side, 3)) + rng.normal(0, 1, (side, side, 3)) * spread


def _shade(rng: np.random.Generator, side: int) -> np.ndarray:
    """One colour that fades into another, in any direction."""
    across, down = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    angle = rng.uniform(0, 2 * np.pi)
    blend = ((np.cos(angle) * across + np.sin(angle) * down) / np.sqrt(2) + 1) / 2
    return _colour(rng) * (1 - blend[..., None]) + _colour(rng) * blend[..., None]


def _noise(rng: np.random.Generator, side: int) -> np.ndarray:
    """Noise of any grain, grey or coloured."""
    cells = int(rng.choice([side, side, side // 2, side // 4, side // 8]))
    channels = 1 if rng.random() < 0.5 else 3
    if rng.random() < 0.5:
        field = rng.uniform(0, 255, (cells, cells, channels))
    else:
        field = rng.normal(rng.uniform(60, 200), rng.uniform(15, 90), (cells, cells, channels))
    small = np.clip(np.broadcast_to(field, (cells, cells, 3)), 0, 255).astype(np.uint8)
    way = Image.Resampling.NEAREST if rng.random() < 0.5 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(small).resize((side, side), way), np.float64)


def _text(rng: np.random.Generator, side: int) -> np.ndarray:
    """Lines of letters, as of a document or a sign."""
    zoom = 4
    paper, ink = _colour(rng), _colour(rng)
    if np.abs(paper - ink).max() < 60:
        ink = 255 - paper if np.abs(255 - 2 * paper).max() >= 60 else np.zeros(3)
    picture = Image.new("RGB", (side * zoom, side * zoom), tuple(int(value) for value in paper))
    brush = ImageDraw.Draw(picture)
    height = float(rng.uniform(0.08, 0.6)) * side * zoom
    font, top = ImageFont.load_default(size=height), float(rng.uniform(-0.2, 0.4)) * height
    while top < side * zoom:
        line = "".join(rng.choice(list(_LETTERS), int(rng.integers(2, 40)))) if rng.random() < 0.9 else ""
        brush.text((float(rng.uniform(-0.5, 1.0)) * height, top), line, fill=tuple(int(v) for v in ink), font=font)
        top += height * float(rng.uniform(1.0, 1.6))
    return np.asarray(picture.resize((side, side), Image.Resampling.LANCZOS), np.float64)


#: What is drawn, by name.
KINDS: Mapping[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "plain": _plain,
    "shade": _shade,
    "noise": _noise,
    "text": _text,
}
TURNS = ("plain", "text", "shade", "text", "noise", "text")
