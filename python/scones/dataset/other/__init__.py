"""The class ``other``: images of what is none of the wanted classes, so that a model can say so.

Example::

    >>> from scones.dataset import Sample, build
    >>> dataset = build(WithOther(Sample(train=20, test=5)), ("bicycle", "motorcycle"), Path("build/dataset"))
    >>> dataset.classes, dataset.other["kinds"]["house"]
    (('bicycle', 'motorcycle', 'other'), 4)

It is one class more of the data set, the last. Its images come from the source's other classes, or from a folder. Some
of its training images show nothing at all: they are plain, shaded, noise or text (:mod:`scones.dataset.other.nothing`).

What it gives, and what it costs. Twenty layers, 3,28,28, float32, one seed each, measured on training images that were
held out: 200 of bicycles and motorcycles, and 1,000 of ten classes that neither ``other`` nor the backbone had seen.
The backbone was small: 6 epochs, 18,252 images of 78 classes, 0.31 right on its own validation images. Two-way is the
accuracy of the same answers without ``other``::

                                           accuracy on the     pass 0.8           pass 0.6
    other has                              wanted  (two-way)   wanted  foreign    wanted  foreign
    as many, from scratch, 40 epochs       0.825   (0.850)     0.69    0.084      0.81    0.173
    as many, backbone, 16 epochs           0.875   (0.900)     0.65    0.043      0.86    0.107
    3 times as many, backbone, 10 epochs   0.830   (0.890)     0.645   0.021      0.795   0.049
    the same with 300 that show nothing    0.805   (0.885)     0.655   0.023      0.78    0.052

With the project's own backbone, 0.54 right on its 98 classes, among which the ten were, the last line became 0.860
(0.905) after 6 epochs: 0.765 of the wanted and 0.022 of anything else pass 0.8, and 0.86 and 0.045 pass 0.6.

More images of anything else refuse more of it, and take more of the wanted ones for ``other``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scones.dataset import labels
from scones.dataset.contents import SIDE, Contents, Identity, Images, Source
from scones.dataset.labels import OTHER
from scones.dataset.other import nothing
from scones.dataset.other.chosen import Chosen, choose, together
from scones.dataset.other.loose import LooseFolder
from scones.dataset.split import seeded
from scones.errors import DatasetError

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Chosen", "LooseFolder", "WithOther", "choose", "with_nothing"]

# How many training images show nothing, for each training image of a wanted class. With 80, 120 and 300 of them beside
# 360 images a class, 16, 13 and 2 of 1,000 such pictures passed a threshold of 0.8 (a backbone, one seed each).
NOTHING = 1 / 2
#: How many times as many training images ``other`` has as a wanted class.
TIMES = 1


@dataclass(frozen=True)
class WithOther:
    """A source whose data set gets the class ``other``.

    Attributes:
        source: Archive, Download, Folder or Sample. Its other classes give the images.
        folder: A folder of pictures that give them instead.
        without: What none of them shows, so that a model can be measured on what it has never seen.
        times: How many times as many training images it has as a wanted class.
    """

    source: Source
    folder: Path | None = None
    without: tuple[str, ...] = ()
    times: int = TIMES

    def identity(self) -> Identity:
        """The source's."""
        return self.source.identity()

    @property
    def loose(self) -> LooseFolder | None:
        """The folder, which is read as the source's own pictures are."""
        if self.folder is None:
            return None
        return LooseFolder(self.folder, getattr(self.source, "size", SIDE), getattr(self.source, "fit", "crop"))

    def wanted(self) -> dict[str, Any]:
        """Where the images of ``other`` come from, for ``dataset.json``.

        Raises:
            DatasetError: the folder cannot be read.
        """
        found: dict[str, Any] = {"kind": "source", "nothing": nothing.VERSION, "times": self.times}
        if self.without:
            found["without"] = list(self.without)
        if (loose := self.loose) is None:
            return found
        one = loose.identity()
        return found | {"kind": "folder", "name": one.name, "sha256": one.sha256}

    def read(
        self,
        classes: Sequence[str],
        *,
        seed: int = 0,
        skip_bad: bool = False,
        foreign: bool = True,
        progress: Progress | None = None,
    ) -> Contents:
        """Read the images of ``classes``, and list those for ``other``.

        Args:
            foreign: True: without them, this is the source itself.

        Raises:
            DatasetError: the source or the folder cannot be read.
        """
        loose = self.loose
        found = self.source.read(classes, seed=seed, skip_bad=skip_bad, foreign=loose is None, progress=progress)
        there = loose.foreign() if loose else found.foreign
        assert there is not None, "the source lists its other images where it is asked for them"
        known = sorted({*there.train.kinds, *there.test.kinds})
        if unknown := [name for name in self.without if name not in known]:
            raise DatasetError(
                f"'{OTHER}' cannot be without {labels.join(unknown)}: it would not show that anyway",
                hint="\n".join(labels.nearest(unknown, known)) or f"there are: {', '.join(known)}",
            )
        if self.without:
            there = replace(there, train=there.train.without(self.without), test=there.test.without(self.without))
        return replace(found, foreign=there)


def with_nothing(train: Images, label: int, *, seed: int) -> Images:
    """Add pictures of nothing to the training images. The validation and the test images get none: they are too easy.

    Args:
        label: That of ``other``, the last: there are as many wanted classes.
    """
    count = max(1, round(NOTHING * int(np.sum(train.labels != label)) / label))
    pixels, kinds = nothing.draw(count, seeded(seed, OTHER, "nothing"), train.pixels.shape[1])
    names = tuple(f"{kind}_nothing_{place:06d}.png" for place, kind in enumerate(kinds))
    return together(train, Images(pixels, np.full(count, label, np.int64), names))
