"""Genuine MXNet, in its own environment, checks what this project reads, computes and writes.

The environment is built once, under ``build/oracle``. If it cannot be built, the tests are skipped, and the run's
summary gives the reason. MXNet runs ``genuine.py`` once for many cases, because its start takes longer than all cases.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.speed import mxnet
from scones.errors import SetupError

HERE = Path(__file__).parent
BUILD = HERE.parent.parent / "build"
RUN_SECONDS = 600
NOT_RUN: list[str] = []  # the reason, for the summary


@dataclass(frozen=True)
class Result:
    """The result of a task of genuine.py, or its traceback."""

    given: Any = None
    raised: str | None = None

    @property
    def gave(self) -> Any:
        assert self.raised is None, f"genuine MXNet raised:\n{self.raised}"
        return self.given


@dataclass(frozen=True)
class Oracle:
    """MXNet's Python."""

    python: Path

    def run(self, folder: Path, tasks: Sequence[Mapping[str, Any]]) -> list[Result]:
        """Do the tasks in one process. Their paths are relative to the folder."""
        (folder / "tasks.json").write_text(json.dumps(tasks))
        done = subprocess.run(
            [self.python, HERE / "genuine.py", folder],
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
            # Operator fusion is off: it adds a convolution's output to itself if the other term of a sum is computed
            # from the same output (seen with MXNet 1.9.1; the single operators are right).
            env={"PATH": os.environ["PATH"], "MXNET_SUBGRAPH_BACKEND": "NONE", "OMP_WAIT_POLICY": "PASSIVE"},
        )
        assert done.returncode == 0, f"genuine MXNet ended with {done.returncode}:\n{done.stderr[-4000:]}"
        found = json.loads((folder / "results.json").read_text())
        return [Result(result.get("gave"), result.get("raised")) for result in found]


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    try:
        return Oracle(mxnet(BUILD))
    except SetupError as error:
        NOT_RUN.append(error.message)
        pytest.skip(f"genuine MXNet is not to be had here: {error.message}")


@pytest.fixture(scope="session")
def pictures() -> np.ndarray:
    """Raw pixels, float32 (4, 3, 13, 11), that differ in brightness and contrast as pictures do."""
    random = np.random.default_rng(0)
    contrast, brightness = random.uniform(0.2, 1, (4, 1, 1, 1)), random.uniform(0, 100, (4, 3, 1, 1))
    return np.clip(random.integers(0, 200, (4, 3, 13, 11)) * contrast + brightness, 0, 255).round().astype(np.float32)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if NOT_RUN:
        terminalreporter.section("THE ORACLE DID NOT RUN", red=True, bold=True)
        terminalreporter.line("Nothing was compared with genuine MXNet, since it is not to be had here:")
        terminalreporter.line(NOT_RUN[0])
