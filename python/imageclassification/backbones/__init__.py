"""The weights of this container: networks from which ``use_pretrained_model`` starts a training without a model.

AWS's container has weights of ImageNet, for its own depths and shapes. This one has a backbone that was trained by this
project (README.md says how), for small images. Each backbone is an artifact, ``NAME.tar.gz``, and ``NAME.json`` says
what it has seen.

Example::

    >>> from imageclassification.hyperparameters import parse
    >>> values = {"num_classes": 2, "num_training_samples": 900, "use_pretrained_model": "1"}
    >>> found = fitting(parse({**values, "image_shape": "3,28,28", "num_layers": "20"}))
    >>> found.name, len(found.classes), found.seen(["bicycle", "train", "bus"])
    ('cifar-100', 98, ['train', 'bus'])
    >>> fitting(parse({**values, "image_shape": "3,28,28", "num_layers": "32"}))
    Traceback (most recent call last):
    imageclassification.errors.HyperparameterError: use_pretrained_model is 1 with num_layers 32 and image_shape
    3,28,28; this container's own weights are for num_layers 20 and images of 3 channels up to 28 x 28
    set these, give a model to start from (invoke train --model MODEL), or train from scratch (use_pretrained_model=0)
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from imageclassification import artifact
from imageclassification.artifact import Artifact
from imageclassification.errors import HyperparameterError
from imageclassification.hyperparameters import SMALL_IMAGE_HEIGHT, Hyperparameters

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Backbone:
    """A network that has been trained before.

    Attributes:
        path: Its ``model.tar.gz``.
        num_layers: Its hyperparameter.
        channels: Of the images: 3 for RGB.
        source: What it was trained on, in words.
        classes: The classes that it has seen, in label order.
    """

    path: Path
    num_layers: int
    channels: int
    source: str
    classes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The file's name, without its ending."""
        return self.path.name.removesuffix(".tar.gz")

    def seen(self, classes: Iterable[str]) -> list[str]:
        """Those of ``classes`` that it has seen."""
        return [name for name in classes if name in self.classes]

    def artifact(self) -> Artifact:
        """Reads the network."""
        return artifact.read(self.path)


def fitting(chosen: Hyperparameters) -> Backbone:
    """The backbone for a job with these hyperparameters.

    Raises:
        HyperparameterError: If there is none. The message has the hyperparameters that fit.
    """
    there = [_read(path) for path in sorted(FOLDER.glob("*.json"))]
    for one in there:
        if (one.num_layers, one.channels) == (chosen.num_layers, chosen.image_shape[0]):
            return one
    own = " or ".join(f"num_layers {one.num_layers} and images of {one.channels} channels" for one in there)
    shape = ",".join(map(str, chosen.image_shape))
    raise HyperparameterError(
        f"use_pretrained_model is 1 with num_layers {chosen.num_layers} and image_shape {shape}; this container's own "
        f"weights are for {own} up to {SMALL_IMAGE_HEIGHT} x {SMALL_IMAGE_HEIGHT}",
        hint="set these, give a model to start from (invoke train --model MODEL), or train from scratch "
        "(use_pretrained_model=0)",
    )


def _read(path: Path) -> Backbone:
    said = json.loads(path.read_text(encoding="utf-8"))
    return Backbone(
        path=path.with_suffix(".tar.gz"),
        num_layers=int(said["hyperparameters"]["num_layers"]),
        channels=int(said["hyperparameters"]["image_shape"].partition(",")[0]),
        source=said["source"],
        classes=tuple(said["classes"]),
    )
