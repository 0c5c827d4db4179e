"""The true classes of captured images, where they are known: those of the data sets' test splits.

Example (not run: it needs a data set)::

    known = remember(Path("build/captures/dev"), load(Path("build/dataset")))
    known.of(event)                        # KnownImage('bicycle', 'bicycle_s_000041.png', '5f…')

No model of a data set was trained on its test split. A captured image is known by its bytes. If the endpoint does not
capture its input, the image is known by the name that this project's requests use.

The labels are kept in a file beside the downloaded captures. So the answers of earlier models stay right or wrong when
another data set stands in the build folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imageclassification import files

if TYPE_CHECKING:
    from scones.dataset import Dataset
    from scones.service.capture.records import Event

KEPT = "labels.json"


@dataclass(frozen=True)
class KnownImage:
    """What is known of an image.

    Attributes:
        label: The name of its class.
        name: The file's name.
        dataset: The fingerprint of the data set whose test split it is in. A model of another data set may have been
            trained on it.
    """

    label: str
    name: str
    dataset: str = ""


@dataclass(frozen=True)
class KnownImages:
    """The known images.

    Attributes:
        by_digest: By the SHA-256 of the file, in hexadecimal: one for each data set that has it.
        by_name: By the names that requests use.
    """

    by_digest: Mapping[str, tuple[KnownImage, ...]] = field(default_factory=dict)
    by_name: Mapping[str, KnownImage] = field(default_factory=dict)

    def of(self, event: Event) -> KnownImage | None:
        """What is known of an event's image, first by the data set of the model that answered. None if nothing is."""
        if not event.digest:
            return self.by_name.get(event.place)
        found = self.by_digest.get(event.digest, ())
        own = (one for one in found if one.dataset == event.model.dataset)
        return next(own, found[-1] if found else None)


def labels_of(dataset: Dataset) -> KnownImages:
    """The labels of a data set's test images.

    ``invoke evaluate`` sends the file's name. The workflow sends the S3 key: ``datasets/<fingerprint>/test/<name>`` for
    an image of the data set. An uploaded file is known by its place, ``images/<digest>``, whatever its name is.
    """
    by_digest, by_name = {}, {}
    for image in dataset.images("test"):
        digest = hashlib.sha256(image.path.read_bytes()).hexdigest()
        known = KnownImage(dataset.classes[image.label], image.name, dataset.fingerprint)
        by_digest[digest] = (known,)
        for name in (image.name, f"datasets/{dataset.fingerprint}/test/{image.name}", f"images/{digest[:16]}"):
            by_name[name] = known
    return KnownImages(by_digest, by_name)


def remember(folder: Path, dataset: Dataset | None) -> KnownImages:
    """The images of a data set, and those of all data sets before it.

    Args:
        folder: The environment's folder of captures. Its file of labels is written if there are more.
        dataset: The data set that stands now; None if there is none.
    """
    now = labels_of(dataset) if dataset else KnownImages()
    known = recall(folder / KEPT)
    every = dict(known)
    for digest, rows in now.by_digest.items():
        every[digest] = (*(one for one in known.get(digest, ()) if one not in rows), *rows)
    if every != known:
        table = {digest: [[one.label, one.name, one.dataset] for one in found] for digest, found in every.items()}
        files.write(folder / KEPT, json.dumps(table, ensure_ascii=False) + "\n")
    return KnownImages(every, now.by_name)


def recall(kept: Path) -> dict[str, tuple[KnownImage, ...]]:
    """The images that were known before, by their digests. None of a lost or damaged file."""
    try:
        return {
            digest: tuple(KnownImage(*map(str, row)) for row in rows)
            for digest, rows in json.loads(kept.read_text(encoding="utf-8")).items()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def image_of(event: Event) -> str:
    """What tells an event's image from all others: its SHA-256, or without a captured image its name."""
    return event.digest or event.place
