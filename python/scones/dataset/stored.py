"""Reads a data set on disk.

::

    build/dataset/
      train/ validation/ test/                  PNGs, square RGB, under their original names
      train.lst validation.lst test.lst         index TAB label TAB file name within the split's folder
      train.rec validation.rec test.rec         the same as RecordIO, with --recordio
      dataset.json                              classes, counts, means, source, fingerprint

Example::

    >>> from scones.dataset import Sample, build
    >>> built = build(Sample(train=4, test=1), ("bicycle", "motorcycle"), Path("build/dataset"))
    >>> dataset = load(Path("build/dataset"))
    >>> dataset.classes
    ('bicycle', 'motorcycle')
    >>> sorted(image.name for image in dataset.images("test"))
    ['bicycle_drawn_test_000000.png', 'motorcycle_drawn_test_000000.png']
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from scones.dataset import labels
from scones.dataset.contents import SIDE, Identity, Images
from scones.errors import DatasetError

SPLITS = ("train", "validation", "test")
DESCRIPTION = "dataset.json"

# The version of the layout. A data set with another version is built again.
FORMAT = 1

_AGAIN = "build it again: invoke etl"


@dataclass(frozen=True)
class LabelledImage:
    """One image of a split.

    Attributes:
        label: The index of its class.
    """

    path: Path
    label: int
    name: str


@dataclass(frozen=True)
class Dataset:
    """A data set in a folder.

    Attributes:
        classes: Class names in label order.
        counts: The number of images by split and class: ``{"train": {"bicycle": 450, …}, "validation": …, "test": …}``.
        fingerprint: SHA-256 of pixels, labels and classes, in hexadecimal (see :func:`fingerprint`).
        source: The source of the images, for a message.
        means: Mean red, green and blue of each class's training images, 0 to 255.
        description: The content of ``dataset.json``.
    """

    root: Path
    classes: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    fingerprint: str
    source: str
    means: Mapping[str, tuple[float, float, float]]
    description: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The kind of source: ``archive``, ``download``, ``folder`` or ``sample``."""
        return self.description["source"]["kind"]

    @property
    def origin_name(self) -> str:
        """The name of the source: of an archive, of a folder."""
        return self.description["source"]["name"]

    @property
    def origin(self) -> str:
        """The source in words: ``the folder photos``."""
        before = {"folder": "the folder ", "archive": "the archive ", "download": "the download "}
        return before.get(self.kind, "") + self.origin_name

    @property
    def side(self) -> int:
        """The width and height of the images, in pixels."""
        return self.description.get("image_shape", [3, SIDE, SIDE])[1]

    @property
    def fit(self) -> str | None:
        """How pictures of a folder became squares (see :data:`scones.dataset.pictures.FITS`). None if it is unknown."""
        return self.description.get("fit")

    @property
    def seed(self) -> int:
        """The seed that chose the validation images."""
        return self.description.get("seed", 0)

    @property
    def classes_from(self) -> str:
        """Who named the classes: ``option`` for a person, ``environment`` for the environment's settings."""
        return self.description.get("classes_from", "environment")

    @property
    def other(self) -> Mapping[str, Any] | None:
        """What the class ``other`` is made of: ``kinds``, the number of images by what they show, and ``nothing``, the
        number of training images that show nothing. None if the data set did not get it by :mod:`scones.dataset.other`.
        """
        return self.description.get("other")

    @property
    def recordio(self) -> bool:
        """Whether all splits have RecordIO files."""
        return all(self.records(split).is_file() for split in SPLITS)

    def records(self, split: str) -> Path:
        """The path of a split's RecordIO file. The file need not exist."""
        return self.root / f"{split}.rec"

    def size(self, split: str) -> int:
        """The number of images in a split."""
        return sum(self.counts[split].values())

    def images(self, split: str) -> list[LabelledImage]:
        """A split's images, in the order of its ``.lst`` file.

        Args:
            split: ``train``, ``validation`` or ``test``.

        Raises:
            DatasetError: the split does not exist, its list cannot be read, or a label is outside the classes.
        """
        if split not in SPLITS:
            raise DatasetError(f"there is no split '{split}'; there are: {', '.join(SPLITS)}")
        path = self.root / f"{split}.lst"
        found = []
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise DatasetError(f"{path} cannot be read: {error.strerror or error}", hint=_AGAIN) from None
        for number, line in enumerate(lines, start=1):
            fields = line.split("\t")
            if len(fields) != 3 or not fields[1].isdecimal() or int(fields[1]) >= len(self.classes):
                raise DatasetError(
                    f"{path}, line {number}: {line!r} is not an index, a label of 0 to {len(self.classes) - 1} and a "
                    "file name with tabs between them",
                    hint=_AGAIN,
                )
            found.append(LabelledImage(self.root / split / fields[2], int(fields[1]), fields[2]))
        return found

    def wanted(self, split: str) -> list[LabelledImage]:
        """A split's images (see :meth:`images`) without those of the class ``other``."""
        other = labels.place_of_other(self.classes)
        return [image for image in self.images(split) if image.label != other]

    def read(self, split: str) -> Images:
        """Decode a split's PNGs.

        Raises:
            DatasetError: an image is missing, damaged or of another size.
        """
        listed = self.images(split)
        pixels = np.empty((len(listed), self.side, self.side, 3), np.uint8)
        for place, image in enumerate(listed):
            try:
                with Image.open(image.path, formats=("PNG",)) as opened:
                    pixels[place] = np.asarray(opened)
            except (OSError, SyntaxError, ValueError) as error:
                raise DatasetError(f"{image.path} is not the image it was: {error}", hint=_AGAIN) from None
        return Images(
            pixels, np.array([image.label for image in listed], np.int64), tuple(image.name for image in listed)
        )

    def verify(self) -> None:
        """Check that no image has changed since the data set was built.

        Raises:
            DatasetError: files are missing or changed.
        """
        now = fingerprint({split: self.read(split) for split in SPLITS}, self.classes)
        if now != self.fingerprint:
            raise DatasetError(
                f"the images in {self.root} have changed since it was built: fingerprint {now[:12]}…, "
                f"not {self.fingerprint[:12]}…",
                hint=_AGAIN,
            )


def load(path: Path) -> Dataset:
    """Read a data set's description.

    Raises:
        DatasetError: ``path`` has no data set, or the description cannot be used.
    """
    described = path / DESCRIPTION
    try:
        found = json.loads(described.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(f"there is no data set in {path}: {DESCRIPTION} is missing", hint=_AGAIN) from None
    except (OSError, ValueError) as error:
        raise DatasetError(f"{described} cannot be read: {error}", hint=_AGAIN) from None
    try:
        if found["format"] != FORMAT:
            raise DatasetError(f"{described} has format {found['format']}, not {FORMAT}", hint=_AGAIN)
        return Dataset(
            root=path,
            classes=tuple(found["classes"]),
            counts={split: dict(found["counts"][split]) for split in SPLITS},
            fingerprint=str(found["fingerprint"]),
            source=str(Identity(**found["source"])),
            means={name: tuple(found["means"][name]) for name in found["classes"]},
            description=found,
        )
    except (KeyError, TypeError) as error:
        raise DatasetError(f"{described} is not a data set's description: {error!r}", hint=_AGAIN) from None


def fingerprint(splits: Mapping[str, Images], classes: tuple[str, ...]) -> str:
    """SHA-256 of classes, labels and pixels, in hexadecimal.

    The hash takes these bytes: the classes and the splits' sizes as one line of UTF-8 JSON; then, for train, validation
    and test in that order, the labels as little-endian uint32 and the pixels as bytes (rows, columns, RGB). Images are
    in the order of the ``.lst`` file. File names and the source do not change the hash.
    """
    digest = hashlib.sha256()
    sizes = [len(splits[split]) for split in SPLITS]
    digest.update(json.dumps([list(classes), sizes], separators=(",", ":")).encode() + b"\n")
    for split in SPLITS:
        digest.update(splits[split].labels.astype("<u4").tobytes())
        digest.update(np.ascontiguousarray(splits[split].pixels).tobytes())
    return digest.hexdigest()
