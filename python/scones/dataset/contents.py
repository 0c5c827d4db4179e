"""The images of a source in memory, with labels and names.

Example::

    >>> pixels = np.zeros((3, 32, 32, 3), np.uint8)
    >>> images = Images(pixels, np.array([0, 1, 0]), ("a.png", "b.png", "c.png"))
    >>> images.take([0, 2]).names
    ('a.png', 'c.png')
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from rich.progress import Progress

# CIFAR-100's images are 32 x 32 pixels. Pictures of a folder are scaled to that size or a larger one.
SIDE = 32


@dataclass(frozen=True)
class Images:
    """Images in a fixed order.

    Attributes:
        pixels: uint8, shape (N, side, side, 3): rows, columns, RGB.
        labels: int64, shape (N,): the index of each image's class.
        names: N file names.
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
        """SHA-256 of each image's pixels. Equal images have equal digests."""
        return [hashlib.sha256(row.tobytes()).digest() for row in self.pixels]


@dataclass(frozen=True)
class Problem:
    """A file or an image that cannot be used, and the reason."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(frozen=True)
class ImagePool:
    """Images from which some are drawn (:mod:`scones.dataset.other`). None is decoded before it is drawn.

    Attributes:
        kinds: What each shows: the class that it has in the source.
        names: N file names.
        load: Gives an image by its place: uint8, shape (side, side, 3). Or the reason why it cannot be used.
    """

    kinds: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    load: Callable[[int], np.ndarray | Problem] = field(default=lambda place: Problem("", "is not there"))

    def __len__(self) -> int:
        return len(self.names)

    def without(self, kinds: Sequence[str]) -> ImagePool:
        """The images that show nothing of ``kinds``."""
        places = [place for place, kind in enumerate(self.kinds) if kind not in kinds]
        return ImagePool(
            tuple(self.kinds[place] for place in places),
            tuple(self.names[place] for place in places),
            lambda place: self.load(places[place]),
        )


@dataclass(frozen=True)
class Foreign:
    """A source's images that are of none of the requested classes.

    Attributes:
        train, test: As in the source. ``test`` is empty if the source has no test images of its own.
        lacking: What to do if there are none, for a message.
    """

    train: ImagePool
    test: ImagePool
    lacking: str


@dataclass(frozen=True)
class Contents:
    """A source's images of the requested classes. Labels are indices into those classes.

    Attributes:
        foreign: The source's other images. None unless they were asked for.
    """

    train: Images
    test: Images
    problems: tuple[Problem, ...] = field(default=())
    foreign: Foreign | None = None


@dataclass(frozen=True)
class Identity:
    """Identifies the data of a source.

    Attributes:
        kind: ``archive``, ``download``, ``folder`` or ``sample``.
        name: The name of the file or folder.
        sha256: SHA-256 of the content, in hexadecimal. It does not depend on the path.
    """

    kind: str
    name: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.name} (SHA-256 {self.sha256[:12]}…)"


class Source(Protocol):
    """A source of images: Archive, Download, Folder or Sample.

    Folder also has ``size``, the side of its images, and ``fit``. The others' images are :data:`SIDE` pixels.
    """

    def identity(self) -> Identity:
        """Identify the data. Raises DatasetError if it cannot be read."""

    def read(
        self,
        classes: Sequence[str],
        *,
        seed: int = 0,
        skip_bad: bool = False,
        foreign: bool = False,
        progress: Progress | None = None,
    ) -> Contents:
        """Read the images of ``classes``, and with ``foreign`` list the others. Raises DatasetError if that fails."""
