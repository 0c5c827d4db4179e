"""Which version of the code made something.

Example::

    commit(Path("."))      # '1f0c…', or '1f0c…-dirty' with changes that are not committed
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from scones.errors import InputError

UNKNOWN = "unknown"


def commit(root: Path) -> str:
    """A checkout's git commit, marked where tracked files differ from it; ``unknown`` where git has no answer."""
    try:
        head = _git(root, "rev-parse", "HEAD")
        changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
    return f"{head}-dirty" if changes else head


def tree(root: Path) -> str:
    """What names the files of a checkout's commit: two commits with the same files have the same tree.

    A squashed or a merged branch has another commit than the branch had, but its tree where nothing came between.
    Marked ``-dirty`` where files differ from it, new ones included; ``unknown`` where git has no answer.
    """
    try:
        found = _git(root, "rev-parse", "HEAD^{tree}")
        changes = _git(root, "status", "--porcelain")
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
    return f"{found}-dirty" if changes else found


def base(root: Path, given: str | None = None) -> str | None:
    """The commit that a checkout's changes start from.

    Args:
        given: A revision that the caller knows; where None, the main branch: where it and the checkout part, or the
            commit before where the checkout is on it.

    Returns:
        The commit; None where there is none, as before the first.

    Raises:
        InputError: the checkout does not have the revision that was given.
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
    """A file as a revision has it; None where it does not have it.

    Args:
        path: The file; it need not be there any more.
    """
    try:
        return _git(root, "show", f"{revision}:{path.relative_to(root).as_posix()}")
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def _resolved(root: Path, name: str) -> str | None:
    """The commit that a name stands for; None where it stands for none."""
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()
