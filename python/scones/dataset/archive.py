"""Reads CIFAR-100's archive, ``cifar-100-python.tar.gz``, as a stream. Nothing is unpacked to disk.

Example (not run: it needs CIFAR-100)::

    contents = Archive(Path("cifar-100-python.tar.gz")).read(("bicycle", "motorcycle"))
    len(contents.train), len(contents.test)     # (1000, 200)
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from imageclassification import tarballs
from scones.dataset import cifar
from scones.dataset.contents import Contents, Identity
from scones.errors import DatasetError

if TYPE_CHECKING:
    from rich.progress import Progress

# The name under which CIFAR-100 is published, and the files in it.
NAME = "cifar-100-python.tar.gz"
MEMBERS = ("meta", "train", "test")

# The environment variable with the path of an archive on this machine.
VARIABLE = "CIFAR100_ARCHIVE"

# One member of the archive, unpickled.
_Batch = dict[bytes, Any]

# The original's largest member is 155 MB. A gzip stream can expand to a thousand times its size.
_LARGEST_MEMBER = 1 << 30
_LACKING = f"give the whole of CIFAR-100, {NAME}, or pictures of anything else: --other-folder DIR"
_HINT = f"give the original {NAME}, or fetch it: invoke etl --download"


@dataclass(frozen=True)
class Archive:
    """CIFAR-100, or a part of it, in the original archive's layout.

    Attributes:
        md5: The MD5 that the file must have, in hexadecimal. None accepts any content.
    """

    path: Path
    md5: str | None = None

    @property
    def title(self) -> str:
        """The source's name in messages."""
        return f"the CIFAR-100 archive {self.path.name}"

    def identity(self) -> Identity:
        """The file's name and SHA-256.

        Raises:
            DatasetError: the file cannot be read, or its MD5 is wrong.
        """
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        try:
            with self.path.open("rb") as handle:
                while block := handle.read(1 << 20):
                    sha256.update(block)
                    if self.md5:
                        md5.update(block)
        except OSError as error:
            raise DatasetError(f"{self.path} cannot be read: {error.strerror or error}", hint=_HINT) from None
        if self.md5 and md5.hexdigest() != self.md5:
            raise DatasetError(
                f"{self.path} has the wrong checksum: MD5 {md5.hexdigest()}, not {self.md5}",
                hint="it was damaged or changed on its way; delete it and run: invoke etl --download",
            )
        return Identity("archive", self.path.name, sha256.hexdigest())

    def read(
        self,
        classes: Sequence[str],
        *,
        seed: int = 0,
        skip_bad: bool = False,
        foreign: bool = False,
        progress: Progress | None = None,
    ) -> Contents:
        """Read the images of ``classes``, split into train and test as in the archive.

        Args:
            foreign: Also list the images of the archive's other classes.

        Raises:
            DatasetError: the file is not CIFAR-100's archive, is truncated, or lacks a class.
        """
        meta, train, test = self._batches(progress)
        found = cifar.select(meta, train, test, classes, origin=self.path.name)
        return replace(found, foreign=cifar.others(meta, train, test, classes, _LACKING)) if foreign else found

    def whole(self, *, progress: Progress | None = None) -> tuple[tuple[str, ...], Contents]:
        """Read everything: the names of all classes in the archive's label order, and the images of those there are.

        Raises:
            DatasetError: the file is not CIFAR-100's archive, or is truncated.
        """
        meta, train, test = self._batches(progress)
        return cifar.whole(meta, train, test, origin=self.path.name)

    def _batches(self, progress: Progress | None) -> tuple[_Batch, _Batch, _Batch]:
        found = self._members(progress)
        missing = [name for name in MEMBERS if name not in found]
        if missing:
            raise DatasetError(f"{self.path.name} is not CIFAR-100: it has no file '{missing[0]}'", hint=_HINT)
        # One at a time: a damaged or hostile 'meta' is reported before 150 MB are loaded.
        meta, train, test = (cifar.unpickle(found.pop(name), f"{self.path.name}: {name}") for name in MEMBERS)
        return meta, train, test

    def _members(self, progress: Progress | None) -> dict[str, bytes]:
        try:
            with self.path.open("rb") as handle:
                stream: IO[bytes] = handle
                if progress is not None:
                    size = self.path.stat().st_size
                    stream = progress.wrap_file(handle, size, description=f"Reading {self.path.name}")
                # tarfile's own stream mode would not check the CRC or the end of the file. GzipFile does.
                with gzip.GzipFile(fileobj=stream) as unzipped:
                    with tarfile.open(fileobj=unzipped, mode="r|", tarinfo=tarballs.BoundedMember) as tar:
                        found = dict(filter(None, (self._member(tar, entry) for entry in tarballs.members(tar))))
                    while unzipped.read(1 << 20):
                        pass
            return found
        except (gzip.BadGzipFile, *tarballs.DAMAGED) as error:
            size = self.path.stat().st_size
            if isinstance(error, gzip.BadGzipFile) and "Not a gzipped file" in str(error):
                raise DatasetError(f"{self.path} is not a .tar.gz file ({size:,} bytes)", hint=_HINT) from None
            raise DatasetError(
                f"{self.path} is truncated or damaged ({size:,} bytes): {error}", hint=f"copy it again, or {_HINT}"
            ) from None
        except OSError as error:
            raise DatasetError(f"{self.path} cannot be read: {error.strerror or error}", hint=_HINT) from None

    def _member(self, tar: tarfile.TarFile, entry: tarfile.TarInfo) -> tuple[str, bytes] | None:
        path = PurePosixPath(entry.name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise DatasetError(
                f"{self.path.name} holds '{entry.name}', a path that leads out of the archive",
                hint="do not unpack this file; " + _HINT,
            )
        for sign, what in (
            ("data_batch_1", "CIFAR-10; this project reads CIFAR-100"),
            ("train.bin", "the binary version of CIFAR-100; this project reads the python version"),
        ):
            if path.name == sign:
                raise DatasetError(f"{self.path.name} is {what}", hint=_HINT)
        if path.name not in MEMBERS or entry.isdir():
            return None
        if not tarballs.is_plain(entry):
            raise DatasetError(f"{self.path.name}: '{entry.name}' is a link or a device, not a file", hint=_HINT)
        if entry.size > _LARGEST_MEMBER:
            raise DatasetError(
                f"{self.path.name}: '{entry.name}' claims {entry.size:,} bytes; CIFAR-100's largest has 155 million",
                hint=_HINT,
            )
        handle = tar.extractfile(entry)
        content = handle.read() if handle else b""
        if len(content) != entry.size:
            raise tarfile.ReadError(f"'{entry.name}' ends after {len(content):,} of {entry.size:,} bytes")
        return path.name, content
