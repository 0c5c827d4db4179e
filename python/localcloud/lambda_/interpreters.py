"""Finds the Python that a function's runtime names: ``python3.12`` on this machine's PATH, or the local cloud's own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
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


class Interpreters:
    """The Pythons of this machine. Each is looked for once.

    Args:
        path: Where to look, as the variable PATH. None is this process's.

    Example::

        >>> found = Interpreters().of("python2.7", ())
        >>> found.short == ".".join(map(str, sys.version_info[:2]))
        True
    """

    def __init__(self, path: str | None = None) -> None:
        self._path = path
        self._known: dict[str, Interpreter | None] = {}
        self._lock = threading.Lock()

    def of(self, runtime: str, packages: Sequence[str]) -> Interpreter:
        """The runtime's Python, or the local cloud's own if this machine has no such Python.

        Args:
            runtime: Such as ``python3.12``.
            packages: The packages of AWS's runtime. Another Python than the local cloud's compiles them once.
        """
        own = self.own
        named = RUNTIME.fullmatch(runtime)
        if named is None or named[1] == own.short or tuple(map(int, named[1].split("."))) < OLDEST:
            return own
        with self._lock:
            if runtime not in self._known:
                found = asked(self._path_of(runtime))
                if found is not None and found.short != named[1]:
                    found = None
                if found is not None:
                    _compile(found, packages)
                self._known[runtime] = found
            return self._known[runtime] or own

    @property
    def own(self) -> Interpreter:
        """The local cloud's own Python."""
        with self._lock:
            found = self._known.get("")
            if found is None:
                found = asked(sys.executable)
                assert found is not None  # it runs this
                self._known[""] = found
            return found

    def _path_of(self, name: str) -> str | None:
        return shutil.which(name, path=self._path)


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


def _compile(interpreter: Interpreter, packages: Sequence[str]) -> None:
    """Compile packages beside their sources, as their first import would. A function cannot: it may not write there."""
    folders = [one for one in packages if os.access(one, os.W_OK)]
    if not folders:
        return
    command = [interpreter.program, "-I", "-S", "-m", "compileall", "-q", *folders]
    try:
        subprocess.run(command, capture_output=True, timeout=COMPILE_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return  # it starts more slowly
