"""All classes of CIFAR-100 beside some: what a backbone learns, so that it has seen nothing that it is judged on.

Example (not run: it needs CIFAR-100)::

    source = Beside.of(Archive(Path("cifar-100-python.tar.gz")), ("bicycle", "motorcycle"))
    len(source.classes)                                   # 98
    build(source, source.classes, Path("build/backbone/dataset"), skip_bad=True)

An image is left out, and told as a problem, if an image of the classes that are left out has the same pixels, or a test
image of any class. (CIFAR-100 has about thirty images that stand in train and test, or under two labels.) There are no
test images: what a backbone is worth is measured on other classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from scones.dataset.archive import Archive
from scones.dataset.contents import Contents, Identity, Images, Problem
from scones.dataset.download import Download

if TYPE_CHECKING:
    from rich.progress import Progress


@dataclass(frozen=True)
class Beside:
    """The classes of an archive that are not left out, as a source.

    Attributes:
        source: The archive.
        classes: The classes that are not left out, in the archive's order.
        contents: The training images of these classes, labelled by their index, with the problems of those left out.
    """

    source: Archive | Download
    classes: tuple[str, ...]
    contents: Contents

    @classmethod
    def of(cls, source: Archive | Download, without: Sequence[str], *, progress: Progress | None = None) -> Beside:
        """Read an archive, once.

        Args:
            without: The classes to leave out. They need not be in the archive.

        Raises:
            DatasetError: the archive cannot be read, or is not CIFAR-100's.
        """
        names, found = source.whole(progress=progress)
        present = set(found.train.labels.tolist())
        kept = [label for label, name in enumerate(names) if label in present and name not in without]
        place = np.full(len(names), -1, np.int64)
        place[kept] = np.arange(len(kept))
        mine = place[found.train.labels] >= 0
        train, away = found.train.take(np.flatnonzero(mine)), found.train.take(np.flatnonzero(~mine))
        same = dict(zip(away.digests, (f"train/{name}, whose class is left out" for name in away.names), strict=True))
        same |= dict(zip(found.test.digests, (f"test/{name}" for name in found.test.names), strict=True))
        bad = {spot: same[digest] for spot, digest in enumerate(train.digests) if digest in same}
        problems = tuple(
            Problem(f"train/{train.names[spot]}", f"has the same pixels as {why}") for spot, why in bad.items()
        )
        train = train.take([spot for spot in range(len(train)) if spot not in bad])
        train = replace(train, labels=place[train.labels])
        nothing = Images(train.pixels[:0], train.labels[:0], ())
        return cls(source, tuple(names[label] for label in kept), Contents(train, nothing, problems))

    @property
    def title(self) -> str:
        """The source's name in messages."""
        return self.source.title

    def identity(self) -> Identity:
        """The archive's."""
        return self.source.identity()

    def read(
        self, classes: Sequence[str], *, seed: int = 0, skip_bad: bool = False, progress: Progress | None = None
    ) -> Contents:
        """The images of all its classes. ``classes`` must be :attr:`classes`."""
        assert tuple(classes) == self.classes, "a backbone learns all of its source's classes"
        return self.contents
