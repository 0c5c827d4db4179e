"""What a source gives: images in memory, with labels and names.

Example::

    images = Images(pixels, labels, names)     # (N, 32, 32, 3) uint8, (N,) int64, N file names
    images.take([0, 2])                        # the first and the third
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from rich.progress import Progress

# CIFAR-100's images are 32 x 32, and what this project trains on is made to that size.
SIDE = 32


@dataclass(frozen=True)
class Images:
    """Images in an order that matters.

    Attributes:
        pixels: (N, 32, 32, 3), uint8: rows, columns, RGB.
        labels: (N,), int64: the index of each image's class.
    """

    pixels: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def take(self, places: Sequence[int] | np.ndarray) -> Images:
        """The images at ``places``, in that order."""
        places = np.asarray(places, dtype=np.int64)
        return Images(self.pixels[places], self.labels[places], tuple(self.names[place] for place in places))

    @cached_property
    def digests(self) -> list[bytes]:
        """SHA-256 of each image's pixels: equal for equal images only."""
        return [hashlib.sha256(row.tobytes()).digest() for row in self.pixels]


@dataclass(frozen=True)
class Problem:
    """A file or an image that cannot be used, and why."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(frozen=True)
class Contents:
    """All that a source has of the classes asked for; labels are indices into those classes."""

    train: Images
    test: Images
    problems: tuple[Problem, ...] = field(default=())


@dataclass(frozen=True)
class Identity:
    """Which data a source stands for.

    Attributes:
        kind: ``archive``, ``download``, ``folder`` or ``sample``.
        name: What a person calls it: a file's or a folder's name.
        sha256: Of the source's content: equal for equal data, wherever it lies.
    """

    kind: str
    name: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.name} (SHA-256 {self.sha256[:12]}…)"


class Source(Protocol):
    """Where images come from: Archive, Download, Folder or Sample."""

    def identity(self) -> Identity:
        """Which data this is. Raises DatasetError where it cannot be had."""

    def read(
        self, classes: Sequence[str], *, seed: int = 0, skip_bad: bool = False, progress: Progress | None = None
    ) -> Contents:
        """The images of ``classes``. Raises DatasetError where they cannot be had."""
