"""A channel's images, checked against the hyperparameters, decoded, and cut into batches.

::

    train = Channel.read(root, "train", hyperparameters)       # root as /opt/ml in a container
    train.image(0)                                             # uint8 (32, 32, 3)
    next(batches(train, hyperparameters, np.random.default_rng(0)))
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from imageclassification import augment, images
from imageclassification.data.labels import Labels
from imageclassification.data.sources import Entry, entries
from imageclassification.errors import ImageError, InputDataError
from imageclassification.hyperparameters import Hyperparameters

MEMORY_LIMIT = 1 << 30  # decoded pixels that are kept, in bytes; beyond it images are decoded anew each epoch
LUMA = np.array([19595, 38470, 7471], np.uint32)  # ITU-R 601's, in parts of 65,536; they add up to it


@dataclass(frozen=True)
class Channel:
    """The images of ``train`` or ``validation``.

    Attributes:
        entries: Where each image is, and what.
        labels: Their class indices, int64 (N,); with ``multi_label`` float32 (N, num_classes) of 0 and 1.
        channels: 3 where images are decoded as RGB, 1 for grey.
        resize: The length their shorter sides are given, None to leave them.
        kept: Decoded images (uint8, height, width, channels), None where there is no room to keep one.
    """

    name: str
    entries: tuple[Entry, ...]
    labels: np.ndarray
    channels: int
    resize: int | None
    kept: list[np.ndarray | None]

    @classmethod
    def read(cls, root: Path, name: str, hyperparameters: Hyperparameters) -> Channel:
        """Read a channel, every image of it.

        Raises:
            InputDataError: the channel's parts, or they and the hyperparameters, do not fit together.
        """
        labels = Labels(hyperparameters.num_classes, hyperparameters.multi_label)
        found = entries(root, name, labels)
        where = f"channel '{name}'"
        labels.check([entry.labels for entry in found], [entry.place for entry in found])
        gathered = labels.gather([entry.labels for entry in found])
        if name == "train":
            labels.check_all_seen(gathered, where)
            if len(found) != hyperparameters.num_training_samples:
                raise InputDataError(
                    f"num_training_samples is {hyperparameters.num_training_samples}, but {where} has {len(found)} "
                    f"images; set num_training_samples to {len(found)}"
                )
        resize = hyperparameters.resize if name == "train" else None
        channels = hyperparameters.image_shape[0]
        channel = cls(name, tuple(found), gathered, channels, resize, [None] * len(found))
        channel._fill(hyperparameters)
        return channel

    def __len__(self) -> int:
        return len(self.entries)

    def image(self, index: int) -> np.ndarray:
        """One image: uint8 (height, width, channels)."""
        kept = self.kept[index]
        return self._decode(index) if kept is None else kept

    def whole(self, image_shape: tuple[int, int, int]) -> Iterator[np.ndarray]:
        """Every image as serving sees it: whole, resized to the network's input; uint8, ``image_shape``."""
        for index in range(len(self)):
            image = self.image(index)
            yield images.pixels(Image.fromarray(image if self.channels == 3 else image[..., 0]), image_shape)

    def _decode(self, index: int) -> np.ndarray:
        entry = self.entries[index]
        try:
            image = images.decode(entry.load(), self.channels)
            image = images.shrink(image, self.resize) if self.resize else image
        except ImageError as error:
            raise InputDataError(f"{self._title(entry)}: {error.message}") from None
        return np.asarray(image).reshape(image.height, image.width, self.channels)

    def _title(self, entry: Entry) -> str:
        where = f"channel '{self.name}'"
        return entry.name if entry.name.startswith(where) else f"{where}: {entry.name}"

    def _fill(self, hyperparameters: Hyperparameters) -> None:
        """Decode every image once, to find what cannot be used, and keep those that fit into memory."""
        _, height, width = hyperparameters.image_shape
        room = MEMORY_LIMIT
        for index, entry in enumerate(self.entries):
            image = self._decode(index)
            if self.name == "train" and (image.shape[0] < height or image.shape[1] < width):
                shape = ",".join(map(str, hyperparameters.image_shape))
                raise InputDataError(
                    f"{self._title(entry)} is {image.shape[1]} x {image.shape[0]} pixels, smaller than image_shape "
                    f"{shape}; lower image_shape, or set resize to {max(height, width)} or more"
                )
            room -= image.nbytes
            if room >= 0:
                self.kept[index] = image


def batches(
    channel: Channel, hyperparameters: Hyperparameters, random: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One epoch: every image once in random order, cut to the network's input, but for an incomplete last batch.

    Yields:
        Images, uint8 (mini_batch_size, channels, height, width), and their labels as in ``channel.labels``.
    """
    size = hyperparameters.mini_batch_size
    order = random.permutation(len(channel))
    for start in range(0, len(order) - size + 1, size):
        chosen = order[start : start + size]
        batch = augment.cut(
            [_rgb(channel.image(index)) for index in chosen],
            hyperparameters.image_shape[1:],
            hyperparameters.augmentation_type,
            random,
        )
        if channel.channels == 1:
            batch = _grey(batch)
        yield np.ascontiguousarray(batch.transpose(0, 3, 1, 2)), channel.labels[chosen]


def _rgb(image: np.ndarray) -> np.ndarray:
    """An image of three channels, which augmentation works on; of a grey one, a view."""
    return np.broadcast_to(image, (*image.shape[:2], 3))


def _grey(images: np.ndarray) -> np.ndarray:
    """The luma of RGB images, uint8 (…, 3), as (…, 1); of what was grey and is not coloured, what it was."""
    return ((images @ LUMA + 0x8000) >> 16).astype(np.uint8)[..., None]
