"""What ``invoke notebook`` refuses before a notebook is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from scones.errors import InputError
from scones.notebook.execution import make_place


def test_a_page_has_its_folder_before_the_notebook_is_run(tmp_path: Path) -> None:
    make_place(tmp_path / "pages" / "a.md")
    assert list(tmp_path.iterdir()) == [tmp_path / "pages"]
    assert not list((tmp_path / "pages").iterdir())


def test_a_page_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.md").mkdir()
    for page in (tmp_path / "file" / "a.md", tmp_path / "folder.md"):
        with pytest.raises(InputError, match=f"{page} cannot be written"):
            make_place(page)
