"""Reads images from a source, checks and splits them, and writes and uploads the data set.

Example::

    >>> from pathlib import Path
    >>> from scones.dataset import Sample, build
    >>> dataset = build(Sample(train=20, test=5), ("bicycle", "motorcycle"), Path("build/dataset"))
    >>> [dataset.size(split) for split in ("train", "validation", "test")]
    [36, 4, 10]

:func:`upload` puts it into a bucket, where a training job reads it.
"""

from scones.dataset.archive import Archive
from scones.dataset.choice import Ensured, choose, ensure, ensure_others, taken
from scones.dataset.download import Download
from scones.dataset.folder import Folder
from scones.dataset.other import WithOther
from scones.dataset.records import write_records
from scones.dataset.sample import Sample
from scones.dataset.stored import SPLITS, Dataset, LabelledImage, load
from scones.dataset.transfer import upload
from scones.dataset.writer import build

__all__ = [
    "SPLITS",
    "Archive",
    "Dataset",
    "Download",
    "Ensured",
    "Folder",
    "LabelledImage",
    "Sample",
    "WithOther",
    "build",
    "choose",
    "ensure",
    "ensure_others",
    "load",
    "taken",
    "upload",
    "write_records",
]
