"""A data set's splits as RecordIO: one file of images and labels for each, beside the PNGs.

Example::

    write_records(dataset)                       # build/dataset/{train,validation,test}.rec
    dataset.recordio                             # True

A record's number and label are those of the split's ``.lst`` file, in its order; its image is the PNG, byte for byte.
So the same data set gives the same bytes, which MXNet and the algorithm read as they read im2rec's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from imageclassification import recordio
from scones.dataset.progress import begin
from scones.dataset.stored import SPLITS, Dataset
from scones.errors import DatasetError

if TYPE_CHECKING:
    from rich.progress import Progress


def write_records(dataset: Dataset, *, progress: Progress | None = None) -> None:
    """Write a data set's ``.rec`` files, each whole or not at all.

    Args:
        progress: Where to show progress; None for nowhere.

    Raises:
        DatasetError: an image is missing, or a file cannot be written.
    """
    done = begin(progress, "Writing RecordIO", sum(dataset.size(split) for split in SPLITS))

    def records(split: str) -> Iterator[bytes]:
        for number, image in enumerate(dataset.images(split)):
            yield recordio.ImageRecord((float(image.label),), image.path.read_bytes(), id=number).pack()
            done(1)

    for split in SPLITS:
        try:
            recordio.write(dataset.records(split), records(split))
        except OSError as error:
            where = error.filename or dataset.records(split)
            raise DatasetError(
                f"{where}: {error.strerror or error}", hint="is there room for it? else build it again: invoke etl"
            ) from None
