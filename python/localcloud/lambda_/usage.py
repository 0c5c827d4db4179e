"""What a function's processes take of the machine: their number, their memory, their files.

Linux tells it in ``/proc`` (proc(5)). Elsewhere nothing is known of running processes, and the answers are zero.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Taken:
    """What processes take together.

    Attributes:
        processes: Their number.
        memory_mb: Their own memory, without programs and libraries, and without the pages of files in a /tmp that is
            held in memory.
    """

    processes: int
    memory_mb: int


def behind_walls(launcher: int) -> Taken:
    """What a function behind walls takes, without its launcher and its init."""
    init = next(iter(_children(launcher)), None)
    return _of(_children(init), PROC / str(init) / "root" / "tmp") if init is not None else Taken(0, 0)


def of_family(pid: int) -> Taken:
    """What a process and all that it has started take.

    Example::

        >>> of_family(os.getpid()).processes >= (1 if PROC.is_dir() else 0)
        True
    """
    return _of([pid], None)


def _of(generation: list[int], tmp: Path | None) -> Taken:
    count = own = shared = 0
    while generation:
        for one in generation:
            found = _memory(one)
            if found is not None:
                count, own, shared = count + 1, own + found[0], shared + found[1]
        generation = [child for one in generation for child in _children(one)]
    if shared and tmp is not None:
        shared = max(0, shared - _used(tmp))
    return Taken(count, (own + shared) // MEGABYTE)


def of_folder(folder: Path) -> int:
    """The megabytes of a folder's files, as they take space on disk.

    Example::

        >>> import tempfile
        >>> of_folder(Path(tempfile.mkdtemp()))
        0
    """
    found = 0
    for base, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):  # it is gone by now
                found += os.lstat(os.path.join(base, name)).st_blocks * 512  # noqa: PTH118 - many files
    return found // MEGABYTE


def _children(pid: int) -> list[int]:
    found: list[int] = []
    tasks = f"{PROC}/{pid}/task"
    with contextlib.suppress(OSError):  # it has ended
        for thread in os.listdir(tasks):  # noqa: PTH208 - each running call looks twenty times a second
            found += map(int, _read(f"{tasks}/{thread}/children").split())
    return found


def _memory(pid: int) -> tuple[int, int] | None:
    """Bytes of its own and shared bytes; None if it has ended."""
    try:
        text = _read(f"{PROC}/{pid}/status")
    except OSError:
        return None
    return _kilobytes(text, b"RssAnon:") * 1024, _kilobytes(text, b"RssShmem:") * 1024


def _read(path: str) -> bytes:
    """A file of ``/proc``, as it is in this moment. A :class:`~pathlib.Path` would cost more than the reading."""
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 1 << 16)
    finally:
        os.close(file)


def _kilobytes(text: bytes, name: bytes) -> int:
    words = text.partition(name)[2].split(maxsplit=1)
    return int(words[0]) if words else 0  # a process that has ended, and that nobody has waited for, has none


def _used(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return (found.f_blocks - found.f_bfree) * found.f_frsize
