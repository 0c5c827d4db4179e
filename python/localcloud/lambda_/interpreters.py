"""Finds the Python that a function's runtime names: ``python3.12`` on this machine's PATH, or the local cloud's own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

RUNTIME = re.compile(r"python(3\.\d+)")
OLDEST = (3, 9)  # the worker runs on it
#: Tells what :class:`Interpreter` has. ``sys.base_prefix`` is that of the installation, also in a virtual environment.
ASK = """
import json, os, sys
program = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
version = ".".join(map(str, sys.version_info[:3]))
roots = [sys.base_prefix, sys.base_exec_prefix, os.path.dirname(os.__file__), os.path.dirname(program)]
print(json.dumps([program, version, sorted(set(map(os.path.realpath, roots)))]))
"""
PATIENCE_SECONDS = 10.0
COMPILE_SECONDS = 60.0


@dataclass(frozen=True)
class Interpreter:
    """A Python of this machine.

    Attributes:
        program: The path of its installation's program.
        version: Such as ``3.12.1``.
        roots: The folders that it needs.
    """

    program: str
    version: str
    roots: tuple[str, ...]

    @property
    def short(self) -> str:
        """Its version as a runtime names it, such as ``3.12``."""
        return self.version.rpartition(".")[0]


@dataclass(frozen=True)
class ChosenPython:
    """The Python that a function runs in.

    Attributes:
        reason: Why it is not the one that the runtime names; empty if it is.
    """

    interpreter: Interpreter
    reason: str = ""


class Interpreters:
    """The Pythons of this machine. Each is looked for once.

    Args:
        path: Where to look, as the variable PATH. None is this process's.

    Example::

        >>> found = Interpreters().of("python2.7")
        >>> found.interpreter.short == ".".join(map(str, sys.version_info[:2])), found.reason
        (True, 'this machine has no python2.7')
    """

    def __init__(self, path: str | None = None) -> None:
        self._path = path
        self._known: dict[str, ChosenPython] = {}
        self._lock = threading.Lock()

    def of(self, runtime: str, packages: Sequence[str] = ()) -> ChosenPython:
        """The runtime's Python, or the local cloud's own if this machine has no such Python.

        Args:
            runtime: Such as ``python3.12``; empty for the local cloud's own.
            packages: The folders with the packages of AWS's runtime, which it must be able to import. Another Python
                than the local cloud's compiles them once.
        """
        own = self.own
        if runtime in ("", f"python{own.short}"):
            return ChosenPython(own)
        with self._lock:
            if runtime not in self._known:
                self._known[runtime] = self._found(runtime, packages) or ChosenPython(
                    own, f"this machine has no {runtime}"
                )
            return self._known[runtime]

    @cached_property
    def own(self) -> Interpreter:
        """The local cloud's own Python."""
        found = asked(sys.executable)
        assert found is not None  # it runs this
        return found

    def _found(self, runtime: str, packages: Sequence[str]) -> ChosenPython | None:
        named = RUNTIME.fullmatch(runtime)
        if named is None or tuple(map(int, named[1].split("."))) < OLDEST:
            return None
        found = asked(shutil.which(runtime, path=self._path))
        if found is None or found.short != named[1]:
            return None
        if packages and not _imports(found, packages):
            return ChosenPython(self.own, f"this machine's {runtime} cannot import the local cloud's boto3")
        return ChosenPython(found)


def asked(program: str | None) -> Interpreter | None:
    """What a program says of itself. None if it does not run: a link of pyenv to a version that is not chosen."""
    if program is None:
        return None
    try:
        said = subprocess.run(
            [program, "-I", "-S", "-c", ASK], capture_output=True, timeout=PATIENCE_SECONDS, check=True
        ).stdout
        path, version, roots = json.loads(said)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Interpreter(path, version, _outermost(roots))


def _outermost(roots: Sequence[str]) -> tuple[str, ...]:
    """The folders that lie in no other of them."""
    return tuple(one for one in roots if not any(one != other and Path(one).is_relative_to(other) for other in roots))


def _imports(interpreter: Interpreter, packages: Sequence[str]) -> bool:
    """Whether a Python imports the packages of AWS's runtime.

    They are compiled beside their sources, as its first import would do it. A function cannot: it may not write there.
    """
    start = [interpreter.program, "-I", "-S"]
    sources = [str(one.resolve()) for folder in packages for one in Path(folder).iterdir()]
    check = f"import sys; sys.path += {list(packages)!r}; import boto3"
    try:
        subprocess.run([*start, "-m", "compileall", "-q", *sources], capture_output=True, timeout=COMPILE_SECONDS)
        return subprocess.run([*start, "-c", check], capture_output=True, timeout=COMPILE_SECONDS).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False
