"""Reads a folder of pictures of anything, in any sub-folders or in none, for the class ``other``.

Example::

    >>> from PIL import Image
    >>> Path("anything", "cats").mkdir(parents=True)
    >>> for place in ("cats/one.png", "two.png"):
    ...     Image.new("RGB", (40, 30), (200, 30, 30)).save(Path("anything", place))
    >>> LooseFolder(Path("anything")).foreign().train.kinds
    ('cats', 'anything')

What is no picture is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scones.dataset import folder, pictures
from scones.dataset.contents import SIDE, Foreign, Identity, ImagePool, Problem
from scones.errors import DatasetError

_HINT = "give a folder with pictures of anything but the wanted classes: --other-folder DIR"


@dataclass(frozen=True)
class LooseFolder:
    """A folder of pictures. What one shows has the name of the sub-folder that it is in.

    Attributes:
        size, fit: How the pictures become squares, as for :class:`scones.dataset.folder.Folder`.
    """

    path: Path
    size: int = SIDE
    fit: str = "crop"

    def identity(self) -> Identity:
        """The folder's name, and the SHA-256 of its pictures' names and contents.

        Raises:
            DatasetError: ``path`` is not a folder, or holds no picture.
        """
        return Identity("folder", self.path.resolve().name, folder.digest(self.path, self._inside()[0]))

    def foreign(self) -> Foreign:
        """All its pictures.

        Raises:
            DatasetError: ``path`` is not a folder, or holds no picture.
        """
        found, _ = self._inside()
        listed = [(path, self._kind(path)) for path in found]
        return Foreign(folder.pool(self.path, listed, self.size, self.fit), ImagePool(), _HINT)

    def passed_over(self) -> Sequence[Problem]:
        """What is in the folder and is no picture, with the reason."""
        return self._inside()[1]

    def _inside(self) -> tuple[list[Path], list[Problem]]:
        if not self.path.is_dir():
            raise DatasetError(f"{self.path} is not a folder", hint=_HINT)
        found, passed = pictures.inside(self.path)
        if not found:
            raise DatasetError(f"{self.path} holds no pictures", hint=_HINT)
        return found, passed

    def _kind(self, path: Path) -> str:
        above = path.relative_to(self.path).parts[:-1]
        return above[0] if above else self.path.resolve().name
