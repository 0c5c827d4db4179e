"""Every example in a docstring runs, or says why it does not.

An example is a doctest (``>>>``) below a line that ends in ``Example::``. One that cannot run here begins with
``Example (not run: REASON)::``, where the reason is what it needs: an AWS account, a running cloud, minutes.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parents[2] / "python"
MODULES = sorted(
    path.relative_to(PYTHON).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    for house in ("imageclassification", "localcloud", "scones")
    for path in (PYTHON / house).rglob("*.py")
    if path.name not in ("__main__.py", "worker.py")  # these run as programs, without this project on their path
)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
HEAD = re.compile(r"\bExamples?(?P<why> \(not run: [^)]+\))?::\n(?P<block>(?:\n|[ ]+[^\n]*\n|[ ]+[^\n]*$)*)")


def docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """Every docstring of a file, by the name of its owner."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "name", path.stem), text


def file_of(module: str) -> Path:
    path = PYTHON / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def unmarked(text: str) -> list[str]:
    """A docstring's examples that neither run nor give a reason."""
    return [
        found["block"].strip().splitlines()[0] if found["block"].strip() else ""
        for found in HEAD.finditer(text)
        if not found["why"] and ">>>" not in found["block"]
    ]


@pytest.mark.parametrize("module", MODULES)
def test_every_example_runs(module, tmp_path, monkeypatch):
    if not any(">>>" in text for _, text in docstrings(file_of(module))):
        return
    monkeypatch.chdir(tmp_path)  # an example writes its files here
    loaded = importlib.import_module(module)
    failed = []
    for found in doctest.DocTestFinder(exclude_empty=True).find(loaded, module):
        if found.examples:
            runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
            said: list[str] = []
            runner.run(found, out=said.append)
            failed += said if runner.failures else []
    assert not failed, "".join(failed)


@pytest.mark.parametrize("module", MODULES)
def test_an_example_that_does_not_run_says_why(module):
    found = [f"{name}: {line}" for name, text in docstrings(file_of(module)) for line in unmarked(text)]
    assert not found, f"write these as doctests, or 'Example (not run: REASON)::': {found}"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Adds.\n\nExample::\n\n    add(1, 2)    # 3\n", ["add(1, 2)    # 3"]),
        ("Adds.\n\nExample::\n\n    >>> add(1, 2)\n    3\n", []),
        ("Adds. Example::\n\n    add(1, 2)", ["add(1, 2)"]),
        ("Asks.\n\nExample (not run: it needs an AWS account)::\n\n    ask()\n", []),
    ],
)
def test_the_check_itself_finds_what_is_not_marked(text, wrong):
    assert unmarked(text) == wrong
