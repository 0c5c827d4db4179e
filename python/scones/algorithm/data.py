"""The training job's channels: images with a ``.lst`` file, checked against the hyperparameters, and made into batches.

::

    train = Channel.read(root, "train", hyperparameters)       # root as /opt/ml in a container
    for images, labels in batches(train, hyperparameters, np.random.default_rng(0)):
        ...                                                    # uint8 (32, 3, 28, 28), int64 (32,)

A ``.lst`` file has one image a line: a unique index, the class index from 0, and the path below the channel's folder,
separated by tabs. Whatever does not fit is a DatasetError that says how to mend it: the job's FailureReason.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from scones.algorithm import augment, images
from scones.errors import DatasetError, ImageError
from scones.training.hyperparameters import Hyperparameters

CHANNELS = ("train", "validation", "train_lst", "validation_lst")
IMAGE_TYPES = ("application/x-image", "image/png", "image/jpeg")
MEMORY_LIMIT = 1 << 30  # decoded pixels that are kept, in bytes; beyond it images are decoded anew each epoch


def check_channels(root: Path) -> None:
    """Refuse channels that cannot be trained on.

    Args:
        root: The folder laid out as ``/opt/ml``.

    Raises:
        DatasetError: a channel is missing, or of a kind that is not supported.
    """
    try:
        channels = json.loads((root / "input/config/inputdataconfig.json").read_text())
    except FileNotFoundError:
        raise DatasetError("the job has no input/config/inputdataconfig.json, so no channels") from None
    if "model" in channels:
        raise DatasetError("channel 'model' (incremental training) is not supported yet; leave it out")
    for name, channel in channels.items():
        kind = (channel.get("ContentType") or "").split(";")[0].strip()
        if channel.get("TrainingInputMode") == "Pipe" or channel.get("RecordWrapperType") == "RecordIO":
            raise DatasetError(
                f"channel '{name}' is read in Pipe mode (RecordIO or augmented manifest), which is not supported yet; "
                "give images with .lst files in File mode"
            )
        if name in ("train", "validation") and kind and kind not in IMAGE_TYPES:
            raise DatasetError(
                f"channel '{name}' has content type '{kind}', which is not supported yet; "
                f"give images with .lst files: {', '.join(IMAGE_TYPES)}"
            )
    missing = [name for name in CHANNELS if name not in channels]
    if missing:
        raise DatasetError(
            f"the job lacks the channel{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"training on images needs {', '.join(CHANNELS)}"
        )


@dataclass(frozen=True)
class Entry:
    """One line of a ``.lst`` file: where it stands, the class index, the image's path in the channel."""

    place: str
    label: int
    path: str


def read_list(folder: Path) -> list[Entry]:
    """The entries of a channel's ``.lst`` files.

    Raises:
        DatasetError: there is no such file or nothing in it, or a line is not index, label and path.
    """
    files = sorted(folder.glob("*.lst")) if folder.is_dir() else []
    if not files:
        raise DatasetError(f"channel '{folder.name}' holds no .lst file")
    entries = []
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if line.strip():
                entries.append(_entry(line, f"{file.name} line {number}"))
    if not entries:
        raise DatasetError(f"{', '.join(file.name for file in files)} in channel '{folder.name}' names no image")
    return entries


def _entry(line: str, place: str) -> Entry:
    parts = [part.strip() for part in line.split("\t")]
    if len(parts) != 3:
        several = "; several labels (multi_label) are not supported yet" if len(parts) > 3 else ""
        raise DatasetError(f"{place} must be index, label and path separated by tabs, not {line!r}{several}")
    try:
        label = float(parts[1])  # MXNet's im2rec writes 1.000000
        if label != int(label) or label < 0:
            raise ValueError
    except (ValueError, OverflowError):
        raise DatasetError(f"{place} has label '{parts[1]}'; a label is a class index: 0, 1, 2, …") from None
    path = PurePosixPath(parts[2])
    if path.is_absolute() or ".." in path.parts:
        raise DatasetError(f"{place} names '{path}', which lies outside the channel; paths are relative to it")
    return Entry(place, int(label), str(path))


@dataclass(frozen=True)
class Channel:
    """The images of ``train`` or ``validation``.

    Attributes:
        name: The channel.
        files: Where the images are.
        labels: Their class indices, int64.
        resize: The length their shorter sides are given, None to leave them.
        kept: Decoded images (uint8, height, width, 3), None where there is no room to keep one.
    """

    name: str
    files: tuple[Path, ...]
    labels: np.ndarray
    resize: int | None
    kept: list[np.ndarray | None]

    @classmethod
    def read(cls, root: Path, name: str, hyperparameters: Hyperparameters) -> Channel:
        """Read a channel, every image of it.

        Raises:
            DatasetError: the channel and its ``.lst`` file, or they and the hyperparameters, do not fit together.
        """
        data = root / "input/data"
        entries = read_list(data / f"{name}_lst")
        _check_labels(name, entries, hyperparameters.num_classes)
        if name == "train" and len(entries) != hyperparameters.num_training_samples:
            raise DatasetError(
                f"num_training_samples is {hyperparameters.num_training_samples}, but channel 'train_lst' names "
                f"{len(entries)} images; set num_training_samples to {len(entries)}"
            )
        files = tuple(data / name / entry.path for entry in entries)
        missing = [entry for entry, file in zip(entries, files, strict=True) if not file.is_file()]
        if missing:
            raise DatasetError(
                f"{missing[0].place} names '{missing[0].path}', which channel '{name}' does not hold "
                f"({len(missing)} of {len(entries)} images are missing)"
            )
        labels = np.array([entry.label for entry in entries], np.int64)
        channel = cls(name, files, labels, hyperparameters.resize if name == "train" else None, [None] * len(files))
        channel._fill(hyperparameters)
        return channel

    def __len__(self) -> int:
        return len(self.files)

    def image(self, index: int) -> np.ndarray:
        """One image: uint8 (height, width, 3)."""
        kept = self.kept[index]
        return self._decode(index) if kept is None else kept

    def whole(self, image_shape: tuple[int, int, int]) -> Iterator[np.ndarray]:
        """Every image as serving sees it: whole, resized to the network's input; uint8 (3, height, width)."""
        for index in range(len(self)):
            yield images.pixels(Image.fromarray(self.image(index)), image_shape)

    def _decode(self, index: int) -> np.ndarray:
        try:
            image = images.decode(self.files[index].read_bytes())
        except ImageError as error:
            raise DatasetError(f"channel '{self.name}': {self.files[index].name}: {error.message}") from None
        return np.asarray(images.shrink(image, self.resize) if self.resize else image)

    def _fill(self, hyperparameters: Hyperparameters) -> None:
        """Decode every image once, to find what cannot be used, and keep those that fit into memory."""
        _, height, width = hyperparameters.image_shape
        room = MEMORY_LIMIT
        for index, file in enumerate(self.files):
            image = self._decode(index)
            if self.name == "train" and (image.shape[0] < height or image.shape[1] < width):
                raise DatasetError(
                    f"channel 'train': {file.name} is {image.shape[1]} x {image.shape[0]} pixels, smaller than "
                    f"image_shape {','.join(map(str, hyperparameters.image_shape))}; lower image_shape, or set resize "
                    f"to {max(height, width)} or more"
                )
            room -= image.nbytes
            if room >= 0:
                self.kept[index] = image


def _check_labels(name: str, entries: list[Entry], num_classes: int) -> None:
    beyond = next((entry for entry in entries if entry.label >= num_classes), None)
    if beyond is not None:
        raise DatasetError(
            f"{beyond.place} has label {beyond.label}, but num_classes is {num_classes}, so labels are 0 to "
            f"{num_classes - 1}; mend the label, or set num_classes to {max(entry.label for entry in entries) + 1}"
        )
    seen = Counter(entry.label for entry in entries)
    unseen = [label for label in range(num_classes) if label not in seen]
    if name == "train" and unseen:
        raise DatasetError(
            f"num_classes is {num_classes}, but channel 'train_lst' has no image of label "
            f"{', '.join(map(str, unseen[:10]))}; set num_classes to the number of classes there are"
        )


def batches(
    channel: Channel, hyperparameters: Hyperparameters, random: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One epoch: every image once in random order, cut to the network's input, but for an incomplete last batch.

    Yields:
        Images, uint8 (mini_batch_size, 3, height, width), and labels, int64 (mini_batch_size,).
    """
    size = hyperparameters.mini_batch_size
    order = random.permutation(len(channel))
    for start in range(0, len(order) - size + 1, size):
        chosen = order[start : start + size]
        batch = augment.cut(
            [channel.image(index) for index in chosen],
            hyperparameters.image_shape[1:],
            hyperparameters.augmentation_type,
            random,
        )
        yield np.ascontiguousarray(batch.transpose(0, 3, 1, 2)), channel.labels[chosen]
