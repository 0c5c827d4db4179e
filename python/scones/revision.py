"""Which version of the code made something.

Example::

    commit(Path("."))      # '1f0c…', or '1f0c…-dirty' with changes that are not committed
"""

from __future__ import annotations

import subprocess
from pathlib import Path

UNKNOWN = "unknown"


def commit(root: Path) -> str:
    """A checkout's git commit, marked where tracked files differ from it; ``unknown`` where git has no answer."""
    try:
        head = _git(root, "rev-parse", "HEAD")
        changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
    return f"{head}-dirty" if changes else head


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()
