"""Measures training beside genuine MXNet: the same network, batch and images, on this machine, in turns.

Example (not run: it takes a minute, and builds MXNet's environment at first)::

    python = mxnet(Path("build"))
    found = measure(dataset.load(Path("build/dataset")), chosen, python)
    found.ratio("float32")                                # how many times as fast as MXNet

Only the steps are measured: forward, backward and update, on images that are ready. MXNet runs in the environment of
``tests/oracle``.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imageclassification import precision
from imageclassification.hyperparameters import Hyperparameters
from scones.dataset import Dataset
from scones.delivery.checks import environment
from scones.errors import SetupError, TrainingError

ROOT = Path(__file__).parent.parent
ORACLE = ROOT / "tests" / "oracle"
ROUNDS, SECONDS, BATCHES = 3, 5.0, 8
MXNET = "MXNet 1.9.1"


@dataclass(frozen=True)
class Speeds:
    """Images per second of training's steps.

    Attributes:
        rounds: By who computed (``MXNet 1.9.1``, ``float32``, ``bfloat16``): the figure of each round.
    """

    rounds: dict[str, list[float]]

    def median(self, who: str) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds[who])

    def ratio(self, who: str) -> float:
        """How many times as fast as MXNet: the median of the rounds' ratios."""
        return statistics.median(own / mxnet for own, mxnet in zip(self.rounds[who], self.rounds[MXNET], strict=True))


def mxnet(build: Path) -> Path:
    """Make MXNet's environment under the build folder, unless it exists, and return its Python.

    Raises:
        SetupError: MXNet 1.9.1 does not run on this machine, or cannot be installed.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise SetupError(f"MXNet 1.9.1 is for Linux on x86-64, not {sys.platform} on {platform.machine()}")
    works = "import numpy; numpy.bool = bool; import mxnet"
    return environment.ensure(build, "oracle", ORACLE / "requirements.txt", works=works, base=_python_3_11())


def _python_3_11() -> Path:
    if sys.version_info[:2] == (3, 11):
        return Path(sys.executable)
    found = shutil.which("python3.11")
    if found is None or subprocess.run([found, "-V"], capture_output=True, check=False).returncode != 0:
        raise SetupError(f"MXNet 1.9.1 needs Python 3.11, this is {platform.python_version()}")
    return Path(found)


def measure(
    data: Dataset, chosen: Hyperparameters, python: Path, *, rounds: int = ROUNDS, seconds: float = SECONDS
) -> Speeds:
    """Measure MXNet and this project's training in turns.

    Args:
        chosen: The hyperparameters: network, batch and optimizer.
        python: MXNet's Python.
        seconds: The length of each round of each.

    Raises:
        TrainingError: one of the processes failed. The message has what it said.
    """
    import torch

    _, height, width = chosen.image_shape
    count = min(BATCHES, data.size("train") // chosen.mini_batch_size) * chosen.mini_batch_size
    read = data.read("train")
    images = read.pixels[:count, :height, :width].transpose(0, 3, 1, 2).astype(np.float32)
    with tempfile.TemporaryDirectory(prefix="bench-speed-") as name:
        folder = Path(name)
        np.save(folder / "images.npy", images.reshape(-1, chosen.mini_batch_size, *images.shape[1:]))
        np.save(folder / "labels.npy", read.labels[:count].reshape(-1, chosen.mini_batch_size))
        (folder / "hyperparameters.json").write_text(json.dumps(chosen.to_strings()))
        own = [sys.executable, "-m", "benchmarks.steps", name]
        commands = {
            MXNET: [str(python), str(ROOT / "benchmarks/steps_mxnet.py"), name, str(seconds), str(ORACLE)],
            "float32": [*own, "float32", str(seconds)],
        }
        if (half := precision.half_type(torch.device("cpu"))) is not None:
            commands[str(half).removeprefix("torch.")] = [*own, "float16", str(seconds)]
        found: dict[str, list[float]] = {who: [] for who in commands}
        for _ in range(rounds):
            for who, command in commands.items():
                found[who].append(_said(who, command))
    return Speeds(found)


def _said(who: str, command: list[str]) -> float:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "python"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}
    )
    if done.returncode:
        raise TrainingError(f"{who} ended with exit code {done.returncode}: {done.stderr.strip()[-2000:]}")
    return float(done.stdout.split()[-1])


def table(found: Speeds) -> Any:
    """A table of the medians, and of how many times as fast as MXNet each is."""
    from rich.table import Table

    shown = Table(
        title="Steps of training alone: forward, backward, update", title_justify="left", caption_justify="left"
    )
    shown.add_column("computed by")
    shown.add_column("img/s", justify="right")
    shown.add_column("times MXNet", justify="right")
    for who in found.rounds:
        shown.add_row(
            who if who == MXNET else f"this project, {who}", f"{found.median(who):.0f}", f"{found.ratio(who):.2f}"
        )
    return shown
