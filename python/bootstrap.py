"""Sets the project up: ``.venv`` with pinned packages, PyTorch, the project itself, and Terraform.

    python3 python/bootstrap.py        # what `make setup` runs, and every other target first

Nothing is written outside the project's folder. What was done is stamped, so that a second run ends at once; a set-up
that was interrupted starts over, from the packages already in ``build/cache``. Standard library only: it runs before
anything is installed, and says what is wrong on Pythons too old for the project.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST, NEWEST = (3, 11), (3, 13)
TORCH = "2.13.0"
UV = "uv==0.13.9"


class SetupFailed(Exception):
    """What went wrong, and what to do about it."""


# Python


def supported(version: tuple[int, ...]) -> bool:
    """Whether the project runs on a Python of this version."""
    return OLDEST <= tuple(version[:2]) <= NEWEST


def find_python(current: str, version: tuple[int, ...], probe=None) -> str:
    """The interpreter to set up with: the current one, else the newest supported one on PATH.

    Args:
        current: The path of the running interpreter.
        version: Its version.
        probe: From a command's name to (path, version); None where it is not there or does not run.

    Raises:
        SetupFailed: none is there.
    """
    if supported(version):
        return current
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = (probe or probe_python)(f"python3.{minor}")
        if found and supported(found[1]):
            return found[0]
    raise SetupFailed(
        f"Python {'.'.join(map(str, OLDEST))} to {'.'.join(map(str, NEWEST))} is needed; {current} is "
        f"{'.'.join(map(str, version[:3]))}, and there is no python3.11, python3.12 or python3.13 on PATH.\n"
        "Install one of them, or name one: make setup PYTHON=/path/to/python3.12"
    )


def probe_python(name: str) -> tuple[str, tuple[int, ...]] | None:
    """The path and version of a Python on PATH; None where there is none, or only a launcher that does not run."""
    path = shutil.which(name)
    if path is None:
        return None
    code = "import json, sys; print(json.dumps([sys.executable, list(sys.version_info[:3])]))"
    answer = subprocess.run([path, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    try:
        executable, version = json.loads(answer.stdout)
    except ValueError:
        return None
    return executable, tuple(version)


# What was done


def fingerprint(root: Path, version: tuple[int, ...]) -> dict[str, str]:
    """What a set-up depends on: ``environment`` (a change needs a new .venv) and ``packages`` (a change needs pip)."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt", "python/bootstrap.py"):
        digest.update((root / name).read_bytes())
    return {
        # A virtual environment cannot be moved: its scripts name its folder.
        "environment": f"Python {version[0]}.{version[1]} {platform.machine()} {root}",
        "packages": digest.hexdigest(),
    }


def read_stamp(venv: Path) -> dict[str, str]:
    """What the last finished set-up depended on; empty where there is none."""
    try:
        found = json.loads((venv / "setup.json").read_text())
        return found if (venv / "bin" / "python").exists() else {}
    except (OSError, ValueError):
        return {}


def write_stamp(venv: Path, stamp: dict[str, str]) -> None:
    """Say that a set-up has finished."""
    partial = venv / "setup.json.partial"
    partial.write_text(json.dumps(stamp))
    partial.replace(venv / "setup.json")


# PyTorch


def torch_attempts(python: str, *, gpu: bool, mac: bool) -> list[list[list[str]]]:
    """The ways to PyTorch, best first; each is a list of commands that must all succeed.

    On Linux the plain package brings gigabytes of CUDA, so without an NVIDIA GPU a CPU build is asked for by its local
    version, wherever pip is set up to look. uv knows where PyTorch keeps its CPU builds.
    """
    install = pip_install(python)
    if gpu or mac:
        return [[[*install, f"torch=={TORCH}"]]]
    uv = [python, "-m", "uv", "pip", "install", "--python", python, "--torch-backend=cpu", f"torch=={TORCH}"]
    return [[[*install, f"torch=={TORCH}+cpu"]], [[*install, UV], [*uv, "--constraint", "constraints.txt"]]]


def pip_install(python: str) -> list[str]:
    """The command that installs what follows it, at the pinned versions."""
    return [python, "-m", "pip", "install", "--constraint", "constraints.txt"]


def has_nvidia_gpu() -> bool:
    """Whether an NVIDIA GPU answers."""
    if shutil.which("nvidia-smi") is None:
        return False
    try:
        answer = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "GPU" in answer.stdout


# The steps


@dataclass(frozen=True)
class Step:
    """One thing to do: the first attempt whose commands all succeed does it."""

    title: str
    attempts: list[list[list[str]]]
    hint: str = ""


def pending(root: Path, venv: Path, done: dict[str, str], stamp: dict[str, str]) -> list[Step]:
    """The steps from what is done to a virtual environment that holds everything."""
    import tomllib

    if done.items() >= stamp.items():
        return []
    python = str(venv / "bin" / "python")
    steps = []
    if done.get("environment") != stamp["environment"]:
        # The interpreter behind this one, should this one live in the very environment that is replaced.
        base = getattr(sys, "_base_executable", None) or sys.executable
        steps.append(
            Step(
                f"Python {platform.python_version()} in .venv",
                [[[base, "-m", "venv", "--clear", str(venv)]]],
                hint="On Debian and Ubuntu the venv module is a package of its own: apt-get install python3-venv",
            )
        )
    if steps or not list(venv.glob(f"lib/python3*/site-packages/torch-{TORCH}*.dist-info")):
        mac = sys.platform == "darwin"
        gpu = not mac and has_nvidia_gpu()
        steps.append(
            Step(
                f"PyTorch {TORCH}" + ("" if mac else " with CUDA" if gpu else " for the CPU"),
                torch_attempts(python, gpu=gpu, mac=mac),
                hint=(
                    f"PyTorch {TORCH} is made for macOS 14 and newer on Apple silicon."
                    if mac
                    else f"PyTorch {TORCH} was found neither where pip looks nor by uv. If this machine cannot reach "
                    "PyTorch's own\ndownloads, put its wheel into a folder and name that: "
                    "PIP_FIND_LINKS=/path/to/folder make setup"
                ),
            )
        )
    project = tomllib.loads((root / "pyproject.toml").read_text())
    requirements = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
    ]
    install = pip_install(python)
    steps.append(Step("Packages, at the versions of constraints.txt", [[[*install, *requirements]]]))
    steps.append(Step("The project itself", [[[*install, "--no-deps", "--no-build-isolation", "--editable", "."]]]))
    return steps


class Runner:
    """Runs steps and shows them, numbered; what their commands print goes to a log, shown where one fails."""

    def __init__(self, root: Path, total: int) -> None:
        self.root, self.total, self.number = root, total, 0
        self.variables = variables(root, dict(os.environ))
        self.log = root / "build" / "setup.log"
        self.log.write_text("")

    def run(self, step: Step) -> None:
        """Run a step, showing the time it takes.

        Raises:
            SetupFailed: none of its attempts works.
        """
        self.number += 1
        label = f"[{self.number}/{self.total}] {step.title} "
        started = time.monotonic()
        print(label, end="", flush=True)
        for commands in step.attempts:
            if all(self._succeeds(command, label, started) for command in commands):
                print(f"{_back(label)}({time.monotonic() - started:.0f} s)", flush=True)
                return
        print("failed", flush=True)
        last = "\n".join("    " + line for line in self.log.read_text(errors="replace").splitlines()[-15:])
        raise SetupFailed(f"{step.title}: failed. The end of {self.log}:\n{last}\n{step.hint}".rstrip())

    def _succeeds(self, command: list[str], label: str, started: float) -> bool:
        with self.log.open("a") as log:
            print("$", *command, file=log, flush=True)
            process = subprocess.Popen(
                command, cwd=self.root, env=self.variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            while True:
                try:
                    return process.wait(1) == 0
                except subprocess.TimeoutExpired:
                    if sys.stdout.isatty():
                        print(f"{_back(label)}{time.monotonic() - started:.0f} s", end=" ", flush=True)
        except BaseException:
            process.terminate()
            process.wait()
            raise


def _back(label: str) -> str:
    """What starts the line anew on a terminal; nothing elsewhere, where the label already stands."""
    return f"\r{label}" if sys.stdout.isatty() else ""


def variables(root: Path, inherited: dict[str, str]) -> dict[str, str]:
    """The variables of every command: caches inside the project, and no other Python's settings."""
    kept = {name: value for name, value in inherited.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    cache = root / "build" / "cache"
    return {
        **kept,
        "PIP_CACHE_DIR": str(cache / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_USER": "0",
        "UV_CACHE_DIR": str(cache / "uv"),
    }


def set_up(root: Path = ROOT) -> None:
    """Do what is not done yet.

    Raises:
        SetupFailed: a step failed; the next run starts over.
    """
    venv = root / ".venv"
    done, stamp = read_stamp(venv), fingerprint(root, sys.version_info)
    steps = pending(root, venv, done, stamp)
    if not steps and "terraform" in done:
        return
    if len(steps) == 4:
        print("Setting up inside .venv and build; the first time that takes a few minutes and about 2 GB.", flush=True)
    runner = Runner(root, len(steps) + 1)
    if steps:
        (venv / "setup.json").unlink(missing_ok=True)
        for step in steps:
            runner.run(step)
        write_stamp(venv, stamp)
    # Last, and stamped apart: where Terraform is missing, the packages need not be installed again.
    runner.run(Step("Terraform", [[[str(venv / "bin" / "python"), "-m", "scones.terraform"]]]))
    write_stamp(venv, {**stamp, "terraform": "found"})


def main() -> int:
    """Set the project up; 0 when all is there."""
    try:
        python = find_python(sys.executable, sys.version_info)
        if python != sys.executable:
            os.execv(python, [python, __file__])
        # Two set-ups at once (make demo and make test) would spoil each other's .venv: the second waits.
        import fcntl

        (ROOT / "build").mkdir(exist_ok=True)
        with (ROOT / "build" / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            set_up()
    except SetupFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; run the same command again", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
