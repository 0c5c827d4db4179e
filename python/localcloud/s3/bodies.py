"""The contents of objects are files. A gigabyte of objects costs a gigabyte of disk, and next to no memory.

moto keeps each content in a buffer of its own. Here the buffer is a :class:`Content`, which reads a file.

Example::

    >>> bodies = Bodies(Path("objects"))
    >>> body = bodies.put(b"meow")
    >>> body.read(), len(list(Path("objects").rglob("*"))) > 0
    (b'meow', True)
    >>> bodies.sweep(kept={body.name})    # deletes the files that no object has
    0
"""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Set
from pathlib import Path

#: How long a file outlives its object, in seconds: a request may still be reading it.
GRACE_SECONDS = 10.0


class Content:
    """An object's content: a file.

    Attributes:
        name: The file's name.
        digest: The MD5 of the content in hexadecimal, as an ETag has it.
    """

    def __init__(self, bodies: Bodies, name: str, size: int, digest: str) -> None:
        self.bodies = bodies
        self.name = name
        self.size = size
        self.digest = digest
        self.closed = False

    def seek(self, place: int) -> None:
        """moto goes to the begin before it reads."""

    def read(self, size: int = -1) -> bytes:
        """The whole content."""
        return self.bodies.path(self.name).read_bytes()

    def close(self) -> None:
        """No object has this content any more."""
        if not self.closed:
            self.closed = True
            self.bodies.release(self.name)


class Bodies:
    """The folder of the contents."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._released: list[tuple[float, str]] = []
        self._lock = threading.Lock()

    def path(self, name: str) -> Path:
        """The file with a name. 256 folders keep each folder small."""
        return self._folder / name[:2] / name

    def put(self, content: bytes) -> Content:
        """Write a content into a file of its own.

        Raises:
            OSError: The disk is full.
        """
        name = uuid.uuid4().hex
        path = self.path(name)
        try:
            path.write_bytes(content)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return Content(self, name, len(content), hashlib.md5(content, usedforsecurity=False).hexdigest())

    def release(self, name: str) -> None:
        """Delete a file a little later."""
        with self._lock:
            self._released.append((time.monotonic(), name))

    def delete_released(self) -> None:
        """Delete the files that were released some time ago. Call it after their objects' end was kept."""
        limit = time.monotonic() - GRACE_SECONDS
        with self._lock:
            due = [name for moment, name in self._released if moment < limit]
            self._released = [(moment, name) for moment, name in self._released if moment >= limit]
        for name in due:
            self.path(name).unlink(missing_ok=True)

    def sweep(self, kept: Set[str]) -> int:
        """Delete all files but these, and return how many that were."""
        count = 0
        for path in self._folder.glob("??/*"):
            if path.name not in kept:
                path.unlink()
                count += 1
        return count
