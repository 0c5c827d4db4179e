"""A Python environment for one tool, built once from a file of pins.

Example::

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


def ensure(folder: Path, name: str, pins: Path, *, works: str, base: Path = Path(sys.executable)) -> Path:
    """The environment's Python; the environment is built where it is missing, or where the pins have changed.

    Args:
        folder: Where environments are; this one is in its folder ``name``.
        name: The tool's name.
        pins: A requirements file with everything that the tool needs, each ``NAME==VERSION``.
        works: Python that runs once the environment is as it should be.
        base: The Python that it is made of.

    Raises:
        SetupError: it cannot be built on this machine.
    """
    home = (folder / name).resolve()
    marker, python = home / "made-of", home / "venv" / "bin" / "python"
    made_of = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()
    with _alone(home):
        if marker.is_file() and marker.read_text() == made_of and python.exists():
            return python
        marker.unlink(missing_ok=True)
        shutil.rmtree(home / "venv", ignore_errors=True)
        _step(name, [base, "-m", "venv", home / "venv"])
        # Without what packages ask for: the pins are all of it. Without builds: what a wheel holds is all that runs.
        options = ("--disable-pip-version-check", "--no-deps", "--only-binary", ":all:")
        _step(name, [python, "-m", "pip", "install", *options, "--requirement", pins])
        _step(name, [python, "-c", works])
        files.write(marker, made_of)
    return python


def run(title: str, command: Sequence[str | Path], seconds: float, *, folder: Path | None = None) -> CompletedProcess:
    """Run a tool to its end, whatever its exit code; what it says is in the answer.

    Of this process's variables it gets those alone that any program needs: with a token of GitHub's or a key of its
    vendor's it would ask their services.

    Raises:
        CheckError: it took longer than it may.
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
    """Let no other process build the same environment meanwhile; the lock goes with the process."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _step(name: str, command: Sequence[str | Path]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(f"the environment of {name} cannot be built: {error}") from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise SetupError(
            f"the environment of {name} cannot be built: {' '.join(map(str, command[1:4]))}: {lines[-1]}",
            hint="it is made with pip from the package index, which must be reachable once",
        )
