"""Images for training: read from a source, checked, split, written and uploaded.

Example::

    from scones.dataset import Archive, build, load, upload

    dataset = build(Archive(Path("cifar-100-python.tar.gz")), ("bicycle", "motorcycle"), Path("build/dataset"))
    dataset.size("train"), dataset.size("validation"), dataset.size("test")     # (900, 100, 200)
    upload(dataset, s3, "bucket")                                              # 's3://bucket/datasets/3f9a…'
"""

from scones.dataset.archive import Archive
from scones.dataset.choice import Ensured, choose, ensure, ensure_others
from scones.dataset.download import Download
from scones.dataset.folder import Folder
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
    "build",
    "choose",
    "ensure",
    "ensure_others",
    "load",
    "upload",
    "write_records",
]
