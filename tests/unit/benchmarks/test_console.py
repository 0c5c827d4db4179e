"""The console's figures are held against what is promised, and nothing is measured without a browser."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.console import figure, measure, save, table
from scones.console import browser
from scones.errors import InputError

FIGURES = [
    figure("list", "10,000 executions are listed", "s", [0.71, 0.9, 1.34]),
    figure("event", "from an event until it is on the page", "ms", [301.0]),
    figure("followed", "while an execution is followed", "%", [2.2]),
]


def test_a_median_is_held_against_what_is_promised(tmp_path: Path) -> None:
    found = json.loads(save(tmp_path / "bench" / "console.json", FIGURES).read_text())["figures"]
    assert [(one["name"], one["median"], one["wanted"], one["held"]) for one in found] == [
        ("list", 0.9, 1.0, True),
        ("event", 301.0, 300.0, False),
        ("followed", 2.2, None, None),
    ]


def test_the_table_shows_each_figure_with_its_worst() -> None:
    out = Console(file=io.StringIO(), width=120)
    out.print(table(FIGURES))
    lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    (listed,) = [line for line in lines if "10,000" in line]
    assert all(word in listed for word in ("0.9 s", "1.34 s", "1 s ✔"))
    assert any("301 ms" in line and "300 ms ✘" in line for line in lines)


def test_without_a_browser_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(browser, "chromium", lambda: None)
    with pytest.raises(InputError, match="NO BROWSER") as refused:
        measure(tmp_path)
    assert "apt-get install chromium" in str(refused.value.hint)
    assert list(tmp_path.iterdir()) == [], "no cloud was started for nothing"
