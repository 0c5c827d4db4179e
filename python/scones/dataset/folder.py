"""Reads a folder of pictures with one sub-folder a class, like torchvision's ImageFolder.

Example::

    >>> from PIL import Image
    >>> for name in ("bicycle", "motorcycle"):
    ...     Path("pictures", name).mkdir(parents=True)
    ...     for number in range(6):
    ...         Image.new("RGB", (64, 48), (40 * number, 0, 0)).save(Path("pictures", name, f"{number}.png"))
    >>> contents = Folder(Path("pictures")).read(("bicycle", "motorcycle"))
    >>> len(contents.train), len(contents.test)
    (10, 2)

Pictures of any size become squares of ``size`` pixels in RGB, upright as EXIF says. ``fit`` says how: the square in the
middle (``crop``), the whole picture with grey bars (``pad``), or squeezed (``stretch``). The endpoint squeezes the
pictures that it receives.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scones.dataset import labels, pictures, split
from scones.dataset.contents import SIDE, Contents, Foreign, Identity, ImagePool, Images, Problem
from scones.dataset.progress import begin
from scones.errors import DatasetError

if TYPE_CHECKING:
    from rich.progress import Progress

# CIFAR-100 has one test image for five training images.
TEST_SHARE = 1 / 6

SMALLEST, LARGEST = SIDE, 512  # pixels


@dataclass(frozen=True)
class Folder:
    """A folder of pictures with one sub-folder a class. Sub-folders of a class belong to the class.

    Attributes:
        size: The side of the squares that the pictures become, 32 to 512 pixels.
        fit: How they become squares: one of :data:`scones.dataset.pictures.FITS`.
    """

    path: Path
    size: int = SIDE
    fit: str = "crop"

    def __post_init__(self) -> None:
        if not SMALLEST <= self.size <= LARGEST:
            raise DatasetError(f"pictures become squares of {SMALLEST} to {LARGEST} pixels, not {self.size}")
        if self.fit not in pictures.FITS:
            ways = ", ".join(f"{name} ({what})" for name, what in pictures.FITS.items())
            raise DatasetError(f"pictures cannot be fitted by '{self.fit}'", hint=f"there are: {ways}")

    @property
    def title(self) -> str:
        """The source's name in messages."""
        return f"the folder {self.path}"

    def identity(self) -> Identity:
        """The folder's name, and the SHA-256 of its files' names and contents.

        Raises:
            DatasetError: ``path`` is not a folder, or has no sub-folders.
        """
        found = [file for name in self._classes() for file in _files(self.path / name)]
        return Identity("folder", self.path.resolve().name, digest(self.path, found))

    def read(
        self,
        classes: Sequence[str],
        *,
        seed: int = 0,
        skip_bad: bool = False,
        foreign: bool = False,
        progress: Progress | None = None,
    ) -> Contents:
        """Read the pictures of ``classes``. A sixth of each class becomes test images.

        Args:
            foreign: Also list the pictures of the other sub-folders.

        Raises:
            DatasetError: a class has no sub-folder or too few pictures, or a file is no picture and ``skip_bad`` is
                not set.
        """
        labels.check_known(classes, self._classes(), f"{self.path}")
        listed = [(path, label) for label, name in enumerate(classes) for path in _files(self.path / name)]
        done = begin(progress, f"Reading {len(listed):,} pictures", len(listed))
        wanted = pool(self.path, [(path, classes[label]) for path, label in listed], self.size, self.fit)

        def attempt(place: int) -> np.ndarray | Problem:
            try:
                return wanted.load(place)
            finally:
                done(1)

        with ThreadPoolExecutor() as threads:
            results = list(threads.map(attempt, range(len(listed))))
        problems = tuple(result for result in results if isinstance(result, Problem))
        if problems and not skip_bad:
            raise DatasetError(
                f"{len(problems)} of {len(listed)} files in {self.path} cannot be used:\n{pictures.listing(problems)}",
                hint="repair or remove them, or go on without them: --skip-bad",
            )
        good = [(path, label, result) for (path, label), result in zip(listed, results, strict=True)
                if not isinstance(result, Problem)]  # fmt: skip
        images = Images(
            np.stack([result for _, _, result in good]) if good else np.empty((0, self.size, self.size, 3), np.uint8),
            np.array([label for _, label, _ in good], dtype=np.int64),
            tuple(_names([path for path, _, _ in good], [classes[label] for _, label, _ in good])),
        )
        rest, test = split.split(images, classes, share=TEST_SHARE, seed=seed, aside="test", keep=3)
        return Contents(rest, test, problems, self._others(classes) if foreign else None)

    def _others(self, classes: Sequence[str]) -> Foreign:
        listed = [(path, name) for name in self._classes() if name not in classes for path in _files(self.path / name)]
        lacking = "put pictures of anything else into further sub-folders, or name a folder of them: --other-folder DIR"
        return Foreign(pool(self.path, listed, self.size, self.fit), ImagePool(), lacking)

    def passed_over(self, classes: Sequence[str]) -> list[Problem]:
        """What is in the folder and is not read for these classes, with the reason: files and whole folders.

        Files that cannot be used are not among it: :meth:`read` reports those.
        """
        found = []
        for path in sorted(self.path.iterdir(), key=lambda path: path.name):
            if path.is_dir() and path.name in classes:
                found += [
                    Problem(inner.relative_to(self.path).as_posix(), why)
                    for inner, why in pictures.walked(path)
                    if why is not None
                ]
            elif path.is_dir():
                count = sum(1 for _ in pictures.walked(path))
                found.append(Problem(f"{path.name}/", f"is none of the classes; {count:,} files are in it"))
            else:
                found.append(Problem(path.name, "is in no class's folder"))
        return found

    def _classes(self) -> list[str]:
        if not self.path.is_dir():
            raise DatasetError(
                f"{self.path} is not a folder", hint="give a folder with one sub-folder a class: --folder DIR"
            )
        names = sorted(path.name for path in self.path.iterdir() if path.is_dir() and not path.name.startswith("."))
        if not names:
            raise DatasetError(f"{self.path} has no sub-folders", hint="it must hold one sub-folder a class")
        return names


def digest(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 of files' names below ``root`` and of their contents, in hexadecimal."""
    found = hashlib.sha256()
    for path in files:
        name = path.relative_to(root).as_posix().encode("utf-8", "surrogateescape")
        found.update(len(name).to_bytes(4, "big") + name)
        try:
            with path.open("rb") as handle:
                found.update(hashlib.file_digest(handle, "sha256").digest())
        except OSError as error:
            # Whoever reads the files reports those that cannot be read. Here they only change the digest.
            found.update(type(error).__name__.encode())
    return found.hexdigest()


def pool(root: Path, listed: Sequence[tuple[Path, str]], size: int, fit: str) -> ImagePool:
    """Pictures that are decoded when they are drawn.

    Args:
        root: The folder that they lie in, for messages.
        listed: Their paths, each with what it shows.
        size, fit: As for :class:`Folder`.
    """

    def load(place: int) -> np.ndarray | Problem:
        path = listed[place][0]
        try:
            return pictures.pixels(path.read_bytes(), size, fit)
        except (OSError, ValueError) as error:
            return Problem(path.relative_to(root).as_posix(), pictures.reason(error))

    kinds = tuple(kind for _, kind in listed)
    return ImagePool(kinds, tuple(f"{kind}_{path.stem}.png" for path, kind in listed), load)


def _files(folder: Path) -> Iterator[Path]:
    """All files below ``folder`` to read, in the same order on every machine. Hidden and system files are none."""
    return (path for path, passed_over in pictures.walked(folder) if passed_over is None)


def _names(paths: Sequence[Path], classes: Sequence[str]) -> Iterator[str]:
    """Each picture's name with the suffix ``.png``. A name that occurs twice gets its class as prefix."""
    count = Counter(path.stem.lower() for path in paths)
    for path, name in zip(paths, classes, strict=True):
        yield f"{path.stem if count[path.stem.lower()] == 1 else f'{name}_{path.stem}'}.png"
