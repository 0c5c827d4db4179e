r"""Keeps the cloud's log small: a large ``cloud.log`` becomes ``cloud.previous.log``, and a new one begins.

The log is the standard output and standard error of the cloud's process, so tracebacks and messages of the interpreter
are in it too. Only the file behind the two file descriptors is exchanged, with ``dup2``, which is atomic. So no writer
waits, and no line is lost: a write that has begun ends in the older file.

Example::

    >>> with Path("cloud.log").open("ab", buffering=0) as output:
    ...     _ = output.write(b"a long line\n" * 9)
    ...     log = LogFile(Path("cloud.log"), Path("cloud.previous.log"), largest=100, outputs=(output.fileno(),))
    ...     log.rotate(), log.rotate()
    (True, False)
    >>> Path("cloud.previous.log").stat().st_size, Path("cloud.log").stat().st_size
    (108, 0)
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

LARGEST = 16 << 20  # bytes; the log and its older part together take twice as much


@dataclass(frozen=True)
class LogFile:
    """The log of this process.

    Attributes:
        path: The log.
        previous: Where the log's older part is kept. The part before it is deleted.
        largest: The log is exchanged when it has more bytes.
        outputs: The file descriptors that write to the log.
    """

    path: Path
    previous: Path
    largest: int = LARGEST
    outputs: tuple[int, ...] = (1, 2)

    def rotate(self) -> bool:
        """Begin a new log if the log is too large.

        Returns:
            True if a new log was begun. False if the log is small, if the outputs go somewhere else, such as to a
            terminal, or if the disk takes no new file. The log then goes on as it is.
        """
        with contextlib.suppress(OSError):
            written, there = os.fstat(self.outputs[0]), self.path.stat()
            if (written.st_dev, written.st_ino) != (there.st_dev, there.st_ino) or written.st_size <= self.largest:
                return False
            fresh = open_log(self.path.with_name(f"{self.path.name}.part"))
            try:
                self.path.replace(self.previous)
                self.path.with_name(f"{self.path.name}.part").replace(self.path)
                for output in self.outputs:
                    os.dup2(fresh, output)
            finally:
                os.close(fresh)
            return True
        return False


def open_log(path: Path) -> int:
    """A file descriptor that appends to a log. Only the owner may read the log."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
