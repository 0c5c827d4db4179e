"""Reads a channel's images, checks them against the hyperparameters, and cuts them into batches.

The package's docstring (``imageclassification.data``) has an example.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from imageclassification import augment
from imageclassification.data.labels import Labels
from imageclassification.data.sources import Entry, entries
from imageclassification.errors import ImageError, InputDataError
from imageclassification.hyperparameters import Hyperparameters
from imageclassification.images import decode, pixels, shrink

MEMORY_LIMIT = 1 << 30  # bytes of decoded pixels to keep; images beyond it are decoded again in each epoch
log = logging.getLogger("image-classification")
Batch = tuple[np.ndarray, np.ndarray]
LUMA = np.array([19595, 38470, 7471], np.uint32)  # ITU-R 601's weights times 65,536; their sum is 65,536


@dataclass(frozen=True)
class Channel:
    """The images of the channel ``train`` or ``validation``.

    Attributes:
        labels: Class indices, int64 (N,); with ``multi_label`` 0 and 1, float32 (N, num_classes).
        channels: 3 for RGB, 1 for grey.
        resize: The length of the shorter side after decoding, in pixels; None leaves images as they are.
        kept: The decoded images, uint8 (height, width, channels); None for images beyond ``MEMORY_LIMIT``.
    """

    name: str
    entries: tuple[Entry, ...]
    labels: np.ndarray
    channels: int
    resize: int | None
    kept: list[np.ndarray | None]

    @classmethod
    def read(cls, root: Path, name: str, hyperparameters: Hyperparameters) -> Channel:
        """Reads a channel and decodes every image once.

        Raises:
            InputDataError: If an image or a label cannot be used, or the channel does not fit the hyperparameters.
        """
        labels = Labels(hyperparameters.num_classes, hyperparameters.multi_label)
        found = entries(root, name, labels)
        where = f"channel '{name}'"
        labels.check([entry.labels for entry in found], [entry.place for entry in found])
        gathered = labels.gather([entry.labels for entry in found])
        if name == "train":
            labels.check_all_seen(gathered, where)
            _check_count(len(found), where, hyperparameters)
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
        """Every image, prepared as for serving: resized to the network's input, not cropped; uint8, ``image_shape``."""
        for index in range(len(self)):
            image = self.image(index)
            yield pixels(Image.fromarray(image if self.channels == 3 else image[..., 0]), image_shape)

    def _decode(self, index: int) -> np.ndarray:
        entry = self.entries[index]
        try:
            image = decode(entry.load(), self.channels)
            image = shrink(image, self.resize) if self.resize else image
        except ImageError as error:
            raise InputDataError(f"{self._title(entry)}: {error.message}") from None
        return np.asarray(image).reshape(image.height, image.width, self.channels)

    def _title(self, entry: Entry) -> str:
        where = f"channel '{self.name}'"
        return entry.name if entry.name.startswith(where) else f"{where}: {entry.name}"

    def _fill(self, hyperparameters: Hyperparameters) -> None:
        """Decodes every image, which finds those that cannot be used. Keeps as many as ``MEMORY_LIMIT`` allows."""
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


def _check_count(count: int, where: str, hyperparameters: Hyperparameters) -> None:
    """Warns of a num_training_samples that is not the number of images.

    AWS: Developer Guide, "Image Classification Hyperparameters": with a mismatch, only the behaviour of
    lr_scheduler_step is undefined. Here, lr_scheduler_step counts the epochs of the images that there are.

    Raises:
        InputDataError: If there are fewer images than one batch has.
    """
    if count < hyperparameters.mini_batch_size:
        raise InputDataError(
            f"mini_batch_size is {hyperparameters.mini_batch_size}, but {where} has {count} images; "
            f"set mini_batch_size to {count} or less"
        )
    if count != hyperparameters.num_training_samples:
        log.warning(
            "num_training_samples is %d, but %s has %d images: all of them are trained on, and lr_scheduler_step "
            "counts their epochs",
            hyperparameters.num_training_samples,
            where,
            count,
        )


def batches(channel: Channel, hyperparameters: Hyperparameters, random: np.random.Generator) -> Iterator[Batch]:
    """The batches of one epoch: the images in random order, cropped to the network's input.

    The last images are left out if they do not fill a batch.

    Yields:
        Images, uint8 (mini_batch_size, channels, height, width), and their labels, rows of ``channel.labels``.
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
        # Not copied: a network computes fastest with the channels last in memory.
        yield batch.transpose(0, 3, 1, 2), channel.labels[chosen]


def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches. The next one is prepared in a thread while one is in use."""
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as thread:
        coming = thread.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = thread.submit(next, batches, None)
            yield batch


def _rgb(image: np.ndarray) -> np.ndarray:
    """The image with three channels, as augmentation needs it. For a grey image, a view."""
    return np.broadcast_to(image, (*image.shape[:2], 3))


def _grey(images: np.ndarray) -> np.ndarray:
    """The luma of RGB images: uint8 (…, 3) to (…, 1). Grey pixels keep their value."""
    return ((images @ LUMA + 0x8000) >> 16).astype(np.uint8)[..., None]
