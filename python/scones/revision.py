"""Reads the git commit of a checkout.

Example::

    >>> commit(Path("not-a-checkout"))
    'unknown'

In a checkout it is the commit's hash, with ``-dirty`` appended if there are uncommitted changes.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from scones.errors import InputError

UNKNOWN = "unknown"


def commit(root: Path) -> str:
    """The hash of a checkout's commit. ``-dirty`` follows if tracked files differ. ``unknown`` if git fails."""
    try:
        head = _git(root, "rev-parse", "HEAD")
        changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
    return f"{head}-dirty" if changes else head


def tree(root: Path) -> str:
    """The hash of the git tree of a checkout's commit. Commits with the same files have the same tree.

    A squashed or merged branch gets a new commit. It keeps its tree if the main branch had no other changes.
    ``-dirty`` follows if files differ, including new files. It is ``unknown`` if git fails.
    """
    try:
        found = _git(root, "rev-parse", "HEAD^{tree}")
        changes = _git(root, "status", "--porcelain")
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
    return f"{found}-dirty" if changes else found


def base(root: Path, given: str | None = None) -> str | None:
    """The commit before a checkout's changes.

    It is the merge base of the checkout and a revision. If the checkout has no commits beyond that revision, it is the
    checkout's parent commit.

    Args:
        given: The revision. By default, ``origin/main`` or ``main``.

    Returns:
        The commit's hash. None if there is no earlier commit.

    Raises:
        InputError: ``given`` is not in the checkout.
    """
    if given and _resolved(root, given) is None:
        raise InputError(
            f"git knows no revision '{given}' in {root}",
            hint="give a commit, a branch or a tag; a shallow clone has the newest commits only: git fetch --unshallow",
        )
    for name in [given] if given else ["origin/main", "main"]:
        try:
            head, common = _git(root, "rev-parse", "HEAD"), _git(root, "merge-base", "HEAD", name)
        except (OSError, subprocess.CalledProcessError):
            continue
        if common != head:
            return common
    return _resolved(root, "HEAD^")


def text(root: Path, revision: str, path: Path) -> str | None:
    """The text of a file in a revision. None if the revision does not have the file.

    Args:
        path: The file's path in the checkout. The file may have been deleted since.
    """
    try:
        return _git(root, "show", f"{revision}:{path.relative_to(root).as_posix()}")
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def _resolved(root: Path, name: str) -> str | None:
    """The commit of a branch, tag or hash. None if git does not know it."""
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()
