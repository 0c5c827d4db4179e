"""Channels in Pipe mode: one named pipe an epoch gives the channel's bytes.

As in "How Amazon SageMaker Provides Training Information": the pipe of epoch 0 exists when the algorithm starts. The
next epoch's pipe exists as soon as a pipe is closed. A reader may close a pipe early.

Example::

    >>> feeder = Feeder(Path("."), "train", lambda epoch: iter([b"epoch ", str(epoch).encode()]))
    >>> Path("train_0").read_bytes()
    b'epoch 0'
    >>> feeder.stop()
"""

from __future__ import annotations

import errno
import gzip
import itertools
import os
import random
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imageclassification.errors import InputDataError
from imageclassification.recordio import encode
from localcloud.paths import inside
from localcloud.sagemaker.training import sources
from localcloud.sagemaker.training.sources import Found, StagingError

if TYPE_CHECKING:
    from localcloud.sagemaker.training.job import Job

POLL = 0.05  # seconds between two attempts to open a pipe


def content(job: Job, channel: Mapping[str, Any]) -> Callable[[int], Iterator[bytes]]:
    """A function that gives the channel's bytes of an epoch, by the epoch's number.

    The bytes are decompressed, shuffled and wrapped in RecordIO according to the channel's CompressionType,
    ShuffleConfig and RecordWrapperType.

    Raises:
        StagingError: The channel's objects or manifest cannot be read.
    """
    source = channel["DataSource"]["S3DataSource"]
    augmented = source["S3DataType"] == "AugmentedManifestFile"
    groups = sources.lines(job, channel) if augmented else [[found] for found in sources.find(job, channel)]
    wrapped = channel.get("RecordWrapperType") == "RecordIO"
    zipped = channel.get("CompressionType") == "Gzip"
    seed = (channel.get("ShuffleConfig") or {}).get("Seed")

    def give(epoch: int) -> Iterator[bytes]:
        order = list(groups)
        if seed is not None:
            random.Random(f"{seed}-{epoch}").shuffle(order)
        for group in order:
            for found in group:
                data = _unpacked(found) if zipped and found.path is not None else found.content()
                yield _wrapped(found, data) if wrapped else data

    return give


def _wrapped(found: Found, data: bytes) -> bytes:
    try:
        return encode(data)
    except InputDataError as error:
        raise StagingError(f"ClientError: {found.uri}: {error.message}") from None


def _unpacked(found: Found) -> bytes:
    try:
        return gzip.decompress(found.content())
    except (OSError, EOFError, zlib.error) as error:
        raise StagingError(
            f"ClientError: {found.uri} is not packed with gzip, although CompressionType is Gzip: {error}"
        ) from None


class Feeder:
    """Writes the pipes of one channel, ``NAME_0``, ``NAME_1`` and so on, in a thread.

    Attributes:
        failure: The error that ended the thread. None if there was none.
    """

    def __init__(
        self,
        data: Path,
        name: str,
        give: Callable[[int], Iterator[bytes]],
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Make the first pipe and start the thread.

        Args:
            data: The folder of the pipes. It must exist.
            name: The channel's name.
            give: Gives the bytes of an epoch, by its number.
            failed: Called once from the thread if ``give`` fails.
        """
        self.failure: Exception | None = None
        self._data, self._name, self._give, self._failed = data, name, give, failed
        self._stopped = threading.Event()
        os.mkfifo(self._path(0))
        self._thread = threading.Thread(target=self._run, name=f"pipe of {name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread. The reader of the pipes must have ended before."""
        self._stopped.set()
        self._thread.join()

    def _path(self, epoch: int) -> Path:
        return inside(self._data, f"{self._name}_{epoch}")

    def _run(self) -> None:
        for epoch in itertools.count():
            opened = self._open(self._path(epoch))
            if opened is None:
                return
            with opened as pipe:
                try:
                    for data in self._give(epoch):
                        left = memoryview(data)
                        while left:
                            left = left[pipe.write(left) :]
                except BrokenPipeError:
                    pass  # the reader closed the pipe early
                except Exception as error:  # noqa: BLE001 - a reader must not take part of an epoch for all of it
                    self.failure = error
                    self._failed()
                    return
                finally:
                    self._path(epoch).unlink()
                if self._stopped.is_set():
                    return
                os.mkfifo(self._path(epoch + 1))

    def _open(self, path: Path) -> FileIO | None:
        """Wait for a reader and open the pipe for writing. None if the feeder was stopped first."""
        while not self._stopped.is_set():
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:  # ENXIO: the pipe has no reader yet
                    raise
                self._stopped.wait(POLL)
                continue
            os.set_blocking(descriptor, True)
            return open(descriptor, "wb", buffering=0)  # noqa: PTH123 - a descriptor has no path
        return None
