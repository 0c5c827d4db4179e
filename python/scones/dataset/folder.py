"""Reads a folder of pictures with one sub-folder a class, like torchvision's ImageFolder.

Example::

    >>> for name in ("bicycle", "motorcycle"):
    ...     Path("pictures", name).mkdir(parents=True)
    ...     for number in range(6):
    ...         Image.new("RGB", (64, 48), (40 * number, 0, 0)).save(Path("pictures", name, f"{number}.png"))
    >>> contents = Folder(Path("pictures")).read(("bicycle", "motorcycle"))
    >>> len(contents.train), len(contents.test)
    (10, 2)

Pictures of any size become 32 x 32 RGB. They are turned according to their EXIF orientation and scaled, without
cropping or padding. The endpoint does the same with the pictures that it receives.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from scones.dataset import labels, split
from scones.dataset.contents import SIDE, Contents, Identity, Images, Problem
from scones.dataset.progress import begin
from scones.errors import DatasetError

if TYPE_CHECKING:
    from rich.progress import Progress

# CIFAR-100 has one test image for five training images.
TEST_SHARE = 1 / 6

_IGNORED = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Folder:
    """A folder of PNG and JPEG pictures with one sub-folder a class. Sub-folders of a class belong to the class."""

    path: Path

    @property
    def title(self) -> str:
        """The source's name in messages."""
        return f"the folder {self.path}"

    def identity(self) -> Identity:
        """The folder's name, and the SHA-256 of its files' names and contents.

        Raises:
            DatasetError: ``path`` is not a folder, or has no sub-folders.
        """
        digest = hashlib.sha256()
        for path in (file for name in self._classes() for file in _files(self.path / name)):
            name = path.relative_to(self.path).as_posix().encode("utf-8", "surrogateescape")
            digest.update(len(name).to_bytes(4, "big") + name)
            try:
                with path.open("rb") as handle:
                    digest.update(hashlib.file_digest(handle, "sha256").digest())
            except OSError as error:
                # read() reports the files that cannot be read. Here they only change the digest.
                digest.update(type(error).__name__.encode())
        return Identity("folder", self.path.resolve().name, digest.hexdigest())

    def read(
        self, classes: Sequence[str], *, seed: int = 0, skip_bad: bool = False, progress: Progress | None = None
    ) -> Contents:
        """Read the pictures of ``classes``. A sixth of each class becomes test images.

        Raises:
            DatasetError: a class has no sub-folder or too few pictures, or a file is not PNG or JPEG and ``skip_bad``
                is not set.
        """
        labels.check_known(classes, self._classes(), f"{self.path}")
        listed = [(path, label) for label, name in enumerate(classes) for path in _files(self.path / name)]
        done = begin(progress, f"Reading {len(listed):,} pictures", len(listed))

        def attempt(entry: tuple[Path, int]) -> np.ndarray | Problem:
            try:
                return pixels(entry[0].read_bytes())
            except (OSError, ValueError) as error:
                return Problem(entry[0].relative_to(self.path).as_posix(), _reason(error))
            finally:
                done(1)

        with ThreadPoolExecutor() as pool:
            results = list(pool.map(attempt, listed))
        problems = tuple(result for result in results if isinstance(result, Problem))
        if problems and not skip_bad:
            raise DatasetError(
                f"{len(problems)} of {len(listed)} files in {self.path} cannot be used:\n{listing(problems)}",
                hint="repair or remove them, or go on without them: --skip-bad",
            )
        good = [(path, label, result) for (path, label), result in zip(listed, results, strict=True)
                if not isinstance(result, Problem)]  # fmt: skip
        images = Images(
            np.stack([result for _, _, result in good]) if good else np.empty((0, SIDE, SIDE, 3), np.uint8),
            np.array([label for _, label, _ in good], dtype=np.int64),
            tuple(_names([path for path, _, _ in good], [classes[label] for _, label, _ in good])),
        )
        rest, test = split.split(images, classes, share=TEST_SHARE, seed=seed, aside="test", keep=3)
        return Contents(rest, test, problems)

    def _classes(self) -> list[str]:
        if not self.path.is_dir():
            raise DatasetError(
                f"{self.path} is not a folder", hint="give a folder with one sub-folder a class: --folder DIR"
            )
        names = sorted(path.name for path in self.path.iterdir() if path.is_dir() and not path.name.startswith("."))
        if not names:
            raise DatasetError(f"{self.path} has no sub-folders", hint="it must hold one sub-folder a class")
        return names


def pixels(content: bytes) -> np.ndarray:
    """Decode a PNG or JPEG and scale it to (32, 32, 3) uint8 RGB.

    Raises:
        ValueError: the bytes are not a complete PNG or JPEG, or have more pixels than Pillow's limit.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as opened:
                opened.draft("RGB", (4 * SIDE, 4 * SIDE))  # JPEG's decoder skips detail that scaling would drop
                upright = ImageOps.exif_transpose(opened)
                scaled = upright.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(f"claims more than {Image.MAX_IMAGE_PIXELS:,} pixels") from None
    except Image.UnidentifiedImageError:
        raise ValueError("is neither PNG nor JPEG") from None
    except (OSError, SyntaxError, ValueError) as error:  # Pillow raises these for damaged files
        raise ValueError(f"is damaged: {error}") from None
    return np.asarray(scaled)


def listing(problems: Sequence[Problem], most: int = 20) -> str:
    """The first ``most`` problems, one a line."""
    lines = [f"  {problem}" for problem in problems[:most]]
    if len(problems) > most:
        lines.append(f"  … and {len(problems) - most:,} more")
    return "\n".join(lines)


def _files(folder: Path) -> Iterator[Path]:
    """All files below ``folder``, in the same order on every machine. Skips hidden and system files."""
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and path.name.lower() not in _IGNORED:
            yield path


def _names(paths: Sequence[Path], classes: Sequence[str]) -> Iterator[str]:
    """Each picture's name with the suffix ``.png``. A name that occurs twice gets its class as prefix."""
    count = Counter(path.stem.lower() for path in paths)
    for path, name in zip(paths, classes, strict=True):
        yield f"{path.stem if count[path.stem.lower()] == 1 else f'{name}_{path.stem}'}.png"


def _reason(error: Exception) -> str:
    return f"cannot be read: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)
