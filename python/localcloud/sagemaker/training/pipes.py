"""Channels in Pipe mode: named pipes that give a channel's bytes once an epoch.

Example::

    feeders = [Feeder(root / "input/data", "train", content(job, channel)) for channel in piped]
    …                       # the algorithm reads input/data/train_0 to its end, then train_1, …
    for feeder in feeders:
        feeder.stop()       # whatever the algorithm did or did not read

As "How Amazon SageMaker Provides Training Information" has it: the first epoch's pipe is there when the algorithm
starts, each next one when the one before is closed; a reader may close a pipe early.
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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imageclassification.errors import InputDataError
from imageclassification.recordio import encode
from localcloud.paths import inside
from localcloud.sagemaker.training import sources
from localcloud.sagemaker.training.sources import Found, StagingError

if TYPE_CHECKING:
    from localcloud.sagemaker.training.job import Job

POLL = 0.05  # seconds between two looks for a reader


def content(job: Job, channel: Mapping[str, Any]) -> Callable[[int], Iterator[bytes]]:
    """What a channel gives in an epoch, by the epoch's number: wrapped, unpacked and shuffled as it asks for.

    Raises:
        StagingError: the data source is not what it should be.
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
            f"ClientError: {found.uri} is not packed with gzip, as the channel's CompressionType says: {error}"
        ) from None


class Feeder:
    """Feeds one channel's pipes, ``NAME_0``, ``NAME_1``, …, until it is stopped.

    Attributes:
        failure: Why it could not go on; None while it could.
    """

    def __init__(
        self,
        data: Path,
        name: str,
        give: Callable[[int], Iterator[bytes]],
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Make the first pipe, and wait for its reader in a thread.

        Args:
            data: The folder of the pipes, which must be there.
            name: The channel.
            give: The bytes of an epoch.
            failed: Called once, from the thread, when the bytes cannot be had.
        """
        self.failure: Exception | None = None
        self._data, self._name, self._give, self._failed = data, name, give, failed
        self._stopped = threading.Event()
        os.mkfifo(self._path(0))
        self._thread = threading.Thread(target=self._run, name=f"pipe of {name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; what reads the pipes must have ended before."""
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
                    pass  # done with the epoch, or ended: a reader may close a pipe early
                except Exception as error:  # noqa: BLE001 - a reader must not take what it has got for all there is
                    self.failure = error
                    self._failed()
                    return
                finally:
                    self._path(epoch).unlink()
                if self._stopped.is_set():
                    return
                os.mkfifo(self._path(epoch + 1))

    def _open(self, path: Path) -> Any:
        """The pipe's writing end once there is a reader; None when it was stopped before."""
        while not self._stopped.is_set():
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:  # nobody reads it yet
                    raise
                self._stopped.wait(POLL)
                continue
            os.set_blocking(descriptor, True)
            return open(descriptor, "wb", buffering=0)  # noqa: PTH123 - a descriptor has no path
        return None
