"""The true classes of captured images, where they are known: those of a data set's test split.

Example (not run: it needs a data set)::

    labels = labels_of(load(Path("build/dataset")))
    labels.of(event)                        # KnownImage('bicycle', 'bicycle_s_000041.png')

No model of the data set was trained on its test split. A captured image is known by its bytes. If the endpoint does not
capture its input, the image is known by the name that this project's requests use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scones.dataset import Dataset
    from scones.service.capture.records import Event


@dataclass(frozen=True)
class KnownImage:
    """What is known of an image.

    Attributes:
        label: The name of its class.
        name: The file's name.
    """

    label: str
    name: str


@dataclass(frozen=True)
class KnownImages:
    """The known images.

    Attributes:
        by_digest: By the SHA-256 of the file, in hexadecimal.
        by_name: By the names that requests use.
        dataset: The data set's fingerprint. A model of another data set may have been trained on these images.
    """

    by_digest: Mapping[str, KnownImage] = field(default_factory=dict)
    by_name: Mapping[str, KnownImage] = field(default_factory=dict)
    dataset: str = ""

    def of(self, event: Event) -> KnownImage | None:
        """What is known of an event's image; None if nothing is."""
        return self.by_digest.get(event.digest) if event.digest else self.by_name.get(event.name)


def labels_of(dataset: Dataset) -> KnownImages:
    """The labels of the test split's images.

    ``invoke evaluate`` sends the file's name. The workflow sends the S3 key: ``datasets/<fingerprint>/test/<name>`` for
    an image of the data set, ``images/<sha256>.<suffix>`` for an uploaded file.
    """
    by_digest, by_name = {}, {}
    for image in dataset.images("test"):
        digest = hashlib.sha256(image.path.read_bytes()).hexdigest()
        known = KnownImage(dataset.classes[image.label], image.name)
        by_digest[digest] = known
        for name in (image.name, f"datasets/{dataset.fingerprint}/test/{image.name}", f"images/{digest}.png"):
            by_name[name] = known
    return KnownImages(by_digest, by_name, dataset.fingerprint)


def image_of(event: Event) -> str:
    """What tells an event's image from all others: its SHA-256, or without a captured image its name."""
    return event.digest or event.name
