"""The commit that a model records."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scones import revision
from scones.errors import InputError


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    done = subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_commit_is_marked_where_tracked_files_differ_from_it(tmp_path: Path) -> None:
    git(tmp_path, "init")
    (tmp_path / "code.py").write_text("1")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-m", "first")
    head = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "notes").write_text("not tracked")
    assert revision.commit(tmp_path) == head
    (tmp_path / "code.py").write_text("2")
    assert revision.commit(tmp_path) == f"{head}-dirty"


def test_outside_a_checkout_the_commit_is_unknown(tmp_path: Path) -> None:
    assert revision.commit(tmp_path / "nowhere") == "unknown"


def test_changes_are_counted_from_a_revision_that_is_there(tmp_path: Path) -> None:
    git(tmp_path, "init", "--initial-branch=main")
    assert revision.base(tmp_path) is None
    for message in ("first", "second"):
        git(tmp_path, "commit", "--allow-empty", "-m", message)
    first = git(tmp_path, "rev-parse", "HEAD^")
    assert revision.base(tmp_path) == first
    assert revision.base(tmp_path, first[:10]) == first
    with pytest.raises(InputError, match="git knows no revision 'mian'"):
        revision.base(tmp_path, "mian")
