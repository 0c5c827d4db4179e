"""``notebooks/scones.ipynb`` runs from its first cell to its last, and ``docs/notebook.md`` shows what it says now."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from scones import settings
from scones.notebook import execution
from tests.unit.scones.conftest import FINE, batch
from tests.unit.scones.conftest import pack as pack

NOTEBOOK = settings.ROOT / "notebooks" / "scones.ipynb"
PAGE = settings.ROOT / "docs" / "notebook.md"
QUICK = {"EPOCHS": 1, "TEST_IMAGES": 4, "THRESHOLD": 0.5}  # at 0.5 one of two classes always passes


def cells(path: Path, kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def quick(text: str) -> str:
    """A notebook's text with other values in its cell of parameters."""
    content = json.loads(text)
    chosen = next(cell for cell in content["cells"] if "parameters" in cell["metadata"].get("tags", []))
    source = "".join(chosen["source"])
    for name, value in QUICK.items():
        source, times = re.subn(rf"(?m)^{name} = \S+", f"{name} = {value}", source)
        assert times == 1, f"the notebook has no {name}"
    return json.dumps(
        content | {"cells": [one if one is not chosen else {**one, "source": source} for one in content["cells"]]}
    )


def test_the_notebook_is_kept_without_outputs() -> None:
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_the_page_shows_the_cells_as_they_are() -> None:
    shown = PAGE.read_text()
    for source in [*cells(NOTEBOOK, "code"), *cells(NOTEBOOK, "markdown")]:
        assert source.strip() in shown, f"run: invoke notebook {NOTEBOOK.name} --markdown docs/{PAGE.name}"
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", shown):
        assert (PAGE.parent / picture).is_file()


@pytest.mark.slow
@pytest.mark.nightly
def test_it_runs_to_its_last_cell(
    tmp_path: Path,
    pack: Callable[..., Path],
    python_of: Callable[[int], Path],
    variables_of: Callable[[int], Mapping[str, str]],
) -> None:
    meta = {b"fine_label_names": [name.encode() for name in FINE], b"coarse_label_names": []}
    archive = pack({"meta": meta, "train": batch(40, 1), "test": batch(8, 2)})
    root = tmp_path / "project"
    (root / "notebooks").mkdir(parents=True)
    for folder in ("python", "lambdas", "asl"):
        (root / folder).symlink_to(settings.ROOT / folder)
    path = root / "notebooks" / "scones.ipynb"
    path.write_text(quick(NOTEBOOK.read_text()))
    variables = {**variables_of(3), "CIFAR100_ARCHIVE": str(archive)}
    done = execution.run(path, tmp_path / "out", python_of(3), variables, take=lambda report: None)
    said = done.notebook.read_text()
    assert "4 of 4 passed at 0.5" in said
    assert "5 of 5 requests were captured" in said
    assert "deleted: endpoint" in said
