"""Writes a data set's splits as RecordIO files, beside the PNGs.

Example::

    >>> from pathlib import Path
    >>> from scones.dataset import Sample, build
    >>> dataset = build(Sample(train=4, test=1), ("bicycle", "motorcycle"), Path("build/dataset"))
    >>> write_records(dataset)
    >>> sorted(path.name for path in dataset.root.glob("*.rec"))
    ['test.rec', 'train.rec', 'validation.rec']

Records have the number, the label and the order of the split's ``.lst`` file. Each holds the bytes of the PNG. The same
data set therefore gives the same bytes. MXNet and the algorithm read the files like those of im2rec.
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
    """Write ``train.rec``, ``validation.rec`` and ``test.rec``. An error leaves no incomplete file.

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
