"""Says what a local cloud that does not run has left in its folder, and how its process ended.

Example::

    >>> said(Path("build/nowhere"))
    'it has not been started in build/nowhere yet'
"""

from __future__ import annotations

import time
from pathlib import Path

from localcloud.durability import facts, inventory
from localcloud.durability.facts import CloudFacts


def said(state: Path) -> str:
    """How the cloud of a folder ended, and what the folder keeps, in one sentence without its end.

    Args:
        state: The folder of a cloud that does not run.

    Raises:
        Unreadable: the database is damaged, missing, or of another version.
    """
    found = facts.read(state)
    if found is None:
        return f"it has not been started in {state} yet"
    return f"{ending(state, found)}. {keeps(state, found)}"


def ending(state: Path, found: CloudFacts) -> str:
    """How the last process ended."""
    if found.ended is not None:
        return f"it was ended in order, {moment(found.ended)}"
    return f"its last process crashed or was killed; it was last alive {moment(last_alive(state))}"


def keeps(state: Path, found: CloudFacts) -> str:
    """What the folder keeps."""
    what = "everything" if found.ended is not None else "everything that it had acknowledged"
    return f"{state} keeps {what}: {inventory.words(found.holds)}"


def last_alive(state: Path) -> float:
    """When the cloud last wrote to its log or its database, in seconds since 1970."""
    names = ("cloud.log", facts.DATABASE, f"{facts.DATABASE}-wal")
    return max((path.stat().st_mtime for name in names if (path := state / name).exists()), default=0.0)


def moment(seconds: float) -> str:
    """A moment in local time, such as ``2026-11-29 12:00:07``."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def size(state: Path) -> int:
    """The bytes of all files in a folder."""
    return sum(path.lstat().st_size for path in state.rglob("*") if path.is_file() and not path.is_symlink())
