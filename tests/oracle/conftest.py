"""Genuine MXNet, in an environment of its own, to judge what this project reads, computes and writes.

The environment is built once, under ``build/oracle``; where it cannot be, the tests are skipped and the run's summary
says so at its end. ``genuine.py`` is what MXNet is asked to do; it is run once for many cases, since all its cases
together take less time than its start.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent
HOME = HERE.parent.parent / "build" / "oracle"
REQUIREMENTS = HERE / "requirements.txt"
BUILD_SECONDS, RUN_SECONDS = 600, 600
NOT_RUN: list[str] = []  # why, for the summary


class CannotBuildError(Exception):
    """The environment cannot be built on this machine."""


@dataclass(frozen=True)
class Result:
    """What a task of genuine.py gave, or the traceback of what it raised."""

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
        """Do the tasks, whose paths are under a folder, in one process."""
        (folder / "tasks.json").write_text(json.dumps(tasks))
        done = subprocess.run(
            [self.python, HERE / "genuine.py", folder],
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
            # Without MXNet's fusing of operators, which adds a convolution's output to itself where a sum's other side
            # is computed from the same output (seen with MXNet 1.9.1; its operators one by one do not).
            env={"PATH": os.environ["PATH"], "MXNET_SUBGRAPH_BACKEND": "NONE", "OMP_WAIT_POLICY": "PASSIVE"},
        )
        assert done.returncode == 0, f"genuine MXNet ended with {done.returncode}:\n{done.stderr[-4000:]}"
        found = json.loads((folder / "results.json").read_text())
        return [Result(result.get("gave"), result.get("raised")) for result in found]


def build() -> Path:
    """Make the environment, unless it is there, and give its Python."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise CannotBuildError(f"MXNet 1.9.1 is for Linux on x86-64, not {sys.platform} on {platform.machine()}")
    made_of = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    marker, python = HOME / "made-of", HOME / "venv/bin/python"
    if marker.is_file() and marker.read_text() == made_of:
        return python
    base = _python_3_11()
    marker.unlink(missing_ok=True)
    shutil.rmtree(HOME / "venv", ignore_errors=True)
    _step([base, "-m", "venv", HOME / "venv"])
    install = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    _step([*install, "--requirement", REQUIREMENTS])
    _step([python, "-c", "import numpy; numpy.bool = bool; import mxnet"])
    marker.write_text(made_of)
    return python


def _python_3_11() -> Path:
    if sys.version_info[:2] == (3, 11):
        return Path(sys.executable)
    found = shutil.which("python3.11")
    if found is None or subprocess.run([found, "-V"], capture_output=True, check=False).returncode != 0:
        raise CannotBuildError(f"MXNet 1.9.1 needs Python 3.11, this is {platform.python_version()}")
    return Path(found)


def _step(command: Sequence[str | Path]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBuildError(str(error)) from None
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise CannotBuildError(f"{' '.join(map(str, command[1:4]))} failed: {lines[-1]}")


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    try:
        return Oracle(build())
    except CannotBuildError as error:
        NOT_RUN.append(str(error))
        pytest.skip(f"genuine MXNet is not to be had here: {error}")


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
