"""Builds a Python environment for one tool from a file of pinned packages.

Example (not run: it installs checkov)::

    pins = Path(__file__).with_name("checkov.txt")
    python = ensure(Path("build/checks"), "checkov", pins, works="import checkov.main")
    subprocess.run([python, "-m", "checkov.main", "--version"])
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess

from imageclassification import files
from scones.errors import CheckError, SetupError

BUILD_SECONDS = 600


def ensure(
    folder: Path,
    name: str,
    pins: Path,
    *,
    works: str,
    base: Path = Path(sys.executable),
    no_wheel: Sequence[str] = (),
    seconds: float = BUILD_SECONDS,
) -> Path:
    """Return the path of the environment's Python. Build the environment if it is missing or its pins have changed.

    Args:
        folder: The folder of all environments. This one is built in ``folder / name``.
        pins: A requirements file with all packages that the tool needs, each as ``NAME==VERSION``.
        works: A Python statement that fails if the environment is broken, such as ``import checkov.main``.
        base: The Python that creates the environment.
        no_wheel: The packages that are published as source only.
        seconds: How long a step may take.

    Raises:
        SetupError: the environment cannot be built on this machine.
    """
    home = (folder / name).resolve()
    marker, python = home / "made-of", home / "venv" / "bin" / "python"
    made_of = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()
    with _alone(home):
        if marker.is_file() and marker.read_text() == made_of and python.exists():
            return python
        marker.unlink(missing_ok=True)
        shutil.rmtree(home / "venv", ignore_errors=True)
        # This Python's pip fills the environment, because installing one there takes as long as a tool's own packages.
        _step(name, [base, "-m", "venv", "--without-pip", home / "venv"], seconds)
        # --no-deps, because the pins are complete. --only-binary, because building a package would run its code.
        # --no-compile, because a tool imports few of its modules, and Python compiles those at their first import.
        options = ["--no-deps", "--only-binary", ":all:", "--no-compile"]
        options += [part for package in no_wheel for part in ("--no-binary", package)]
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
        _step(name, [*pip, "install", *options, "--requirement", pins], seconds)
        _step(name, [python, "-c", works], seconds)
        files.write(marker, made_of)
    return python


def run(title: str, command: Sequence[str | Path], seconds: float, *, folder: Path | None = None) -> CompletedProcess:
    """Run a tool, capture its output, and accept any exit code.

    The tool gets only PATH, HOME and TMPDIR of this process's variables. With a token for GitHub or a key for its
    vendor it would send requests to them.

    Raises:
        CheckError: the tool did not end within ``seconds``.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    env = {**kept, "LANG": "C.UTF-8", "NO_COLOR": "1"}
    try:
        return subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise CheckError(
            f"{title} did not end within {seconds:g} s", hint="a busy machine? run it again: invoke checks"
        ) from None


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Keep other processes from building the same environment. The lock ends with the process."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _step(name: str, command: Sequence[str | Path], seconds: float) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(f"the environment of {name} cannot be built: {error}") from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise SetupError(
            f"the environment of {name} cannot be built: {' '.join(map(str, command[1:3]))}: {lines[-1]}",
            hint="it is made with pip from the package index, which must be reachable once",
        )
