"""The drift check does not touch clouds without an apply, or other files next to its page."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scones import settings
from scones.delivery.pipeline import drifting
from scones.errors import TerraformError
from scones.settings import Environment
from scones.terraform.state import TerraformState


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment whose stacks have never been applied."""

    def stack(environment: Environment, name: str, **_: Any) -> SimpleNamespace:
        return SimpleNamespace(
            environment=environment, name=name, backend=SimpleNamespace(read=lambda name: TerraformState()), plan=None
        )

    monkeypatch.setattr(drifting, "Stack", stack)
    return settings.load("dev", variables={})


def test_what_was_never_applied_has_not_drifted(environment: Environment, tmp_path: Path) -> None:
    found = drifting.look(environment, tmp_path / "new")
    assert not found.drifted
    assert "- **service**: has not been applied" in found.page
    assert (tmp_path / "new" / "drift.md").read_text() == found.page


def test_files_beside_the_page_stay_and_an_old_page_is_not_taken_for_a_new_one(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("drift.md", "notes.txt"):
        (tmp_path / name).write_text("old")

    def fail(*_: Any) -> None:
        raise TerraformError("no such cloud")

    monkeypatch.setattr(drifting, "_look_at", fail)
    with pytest.raises(TerraformError):
        drifting.look(environment, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
