"""Where a worker runs: behind walls that Linux makes (:mod:`localcloud.lambda_.launcher`), or plainly.

Walls need namespaces: root's right to make them, or user namespaces without that right. Many containers, some
distributions and macOS permit neither. Whether they can be made is tried once, with each Python that functions ask for.

Behind walls a function has what it has on AWS: ``/var/task`` and ``/opt`` that it cannot write, a ``/tmp`` of its own
with EphemeralStorage's size, processes and a memory that are counted, and no view of the machine's other files and
processes. Plainly, it is a process of the cloud's user, and this is not enforced: the view of files and processes, and
writing outside of its own folder, which TMPDIR names. What is enforced there: the size of that folder, the memory and
the number of processes, which are measured while a call runs.

AWS: Lambda Developer Guide, "Lambda execution environment", "Lambda quotas", "Working with layers".
"""

from __future__ import annotations

import json
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localcloud.lambda_.interpreters import Interpreter, Interpreters

LAUNCHER = Path(__file__).with_name("launcher.py")
WORKER = Path(__file__).with_name("worker.py")
FLAGS = ("-I", "-S", "-X", "utf8")
MOST_PROCESSES = 1024  # Lambda quotas: file descriptors and execution processes
TASK, RUNTIME, LAYERS = "/var/task", "/var/runtime", "/opt"
LIBRARIES = f"{TASK}:{TASK}/lib:{LAYERS}/lib"
#: What a function sees of this machine, where it is there.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
# fmt: off
FROM_ETC = (
    "alternatives", "ca-certificates", "crypto-policies", "gai.conf", "host.conf", "hosts", "ld.so.cache", "ld.so.conf",
    "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "pki", "protocols", "resolv.conf", "services", "ssl",
)
# fmt: on
DEVICES = ("null", "zero", "full", "random", "urandom")
PROBE_SECONDS = 20.0
UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH
PLAIN = "without a sandbox of its own: this machine permits no namespaces"


@dataclass(frozen=True)
class Start:
    """How to start a worker.

    Attributes:
        command: The program and its arguments.
        variables: The whole environment of the process.
        folder: Its working folder.
        first: What its standard input begins with.
        code_path: Folders, as the worker sees them, that go to the front of ``sys.path``.
        runtime_path: Folders, as the worker sees them, that go to the end of ``sys.path``.
        said: What the log says of it.
        walled: Whether it runs behind walls.
        storage: The folder that is its /tmp where it has no other.
    """

    command: Sequence[str]
    variables: Mapping[str, str]
    folder: Path
    first: bytes = b""
    code_path: tuple[str, ...] = ()
    runtime_path: tuple[str, ...] = ()
    said: str = ""
    walled: bool = False
    storage: Path | None = None


@dataclass(frozen=True)
class SandboxWanted:
    """What a function's configuration asks of its sandbox.

    Attributes:
        runtime: Such as ``python3.12``.
        memory_mb: MemorySize.
        storage_mb: EphemeralStorage's Size.
        layers: The folder with the content of its layers; empty if it has none.
    """

    runtime: str = ""
    memory_mb: int = 128
    storage_mb: int = 512
    layers: str = ""


@dataclass
class Sandboxes:
    """Makes the sandboxes of one cloud.

    Args:
        folder: A folder of its own. What an earlier cloud has left in it is deleted.
        interpreters: Finds the Python of a runtime.
        walls: Whether to make walls where that is possible.
    """

    folder: Path
    interpreters: Interpreters = field(default_factory=Interpreters)
    walls: bool = True
    _possible: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(
        self, code_path: Sequence[str], runtime_path: Sequence[str], variables: Mapping[str, str], wanted: SandboxWanted
    ) -> Start:
        """How to start a worker.

        Args:
            code_path: The folder of the code, then folders in ``wanted.layers``.
            runtime_path: Folders with the packages of AWS's runtime.
            variables: The function's environment.
        """
        packages = [str(one.resolve()) for folder in runtime_path for one in sorted(Path(folder).iterdir())]
        choice = self.interpreters.of(wanted.runtime, runtime_path)
        interpreter = choice.interpreter
        walls = self._walls(interpreter, packages)
        said = f"python:{interpreter.version} ({'; '.join(filter(None, (interpreter.program, choice.reason)))})"
        if walls is None:
            return self._plain(code_path, runtime_path, variables, wanted, interpreter, f"{said}, {PLAIN}")
        layers = Path(wanted.layers) if wanted.layers else None
        seen = {
            **variables,
            "LAMBDA_TASK_ROOT": TASK,
            "LAMBDA_RUNTIME_DIR": RUNTIME,
            "PYTHONPATH": variables.get("PYTHONPATH", RUNTIME),
            "LD_LIBRARY_PATH": variables.get("LD_LIBRARY_PATH", LIBRARIES),
        }
        own = interpreter == self.interpreters.own and not _has_libraries(code_path[0], layers, variables)
        plan = {
            **walls,
            "storage_mb": wanted.storage_mb,
            "shown": [*walls["shown"], (code_path[0], TASK), *(_shown_of(layers) if layers else ())],
            "links": {**walls["links"], **(_links_of(layers) if layers else {})},
            "command": [] if own else [interpreter.program, *FLAGS, f"{RUNTIME}/{WORKER.name}"],
            "variables": seen,
        }
        return Start(
            self._launcher,
            seen if own else {name: value for name, value in seen.items() if not name.startswith("LD_")},
            self.folder,
            framed(plan),
            tuple(_inside(path, code_path[0], wanted.layers) for path in code_path),
            (RUNTIME,) if runtime_path else (),
            said,
            walled=True,
        )

    def _plain(
        self,
        code_path: Sequence[str],
        runtime_path: Sequence[str],
        variables: Mapping[str, str],
        wanted: SandboxWanted,
        interpreter: Interpreter,
        said: str,
    ) -> Start:
        own = self.folder / "tmp"
        own.mkdir(parents=True, exist_ok=True)
        storage = Path(tempfile.mkdtemp(dir=own))
        code, layers = code_path[0], wanted.layers or LAYERS
        seen = {
            **variables,
            "LAMBDA_TASK_ROOT": code,
            "PATH": variables.get("PATH", "").replace(f"{LAYERS}/bin", f"{layers}/bin"),
            "LD_LIBRARY_PATH": variables.get("LD_LIBRARY_PATH", f"{code}:{code}/lib:{layers}/lib"),
            "PYTHONPATH": _here(variables.get("PYTHONPATH", ":".join(runtime_path)), {TASK: code, LAYERS: layers}),
            "TMPDIR": str(storage),
        }
        command = [interpreter.program, *FLAGS, str(WORKER)]
        return Start(command, seen, Path(code), b"", tuple(code_path), tuple(runtime_path), said, storage=storage)

    def clear(self) -> None:
        """Delete what an earlier cloud's functions have left."""
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)

    @property
    def _launcher(self) -> list[str]:
        return [self.interpreters.own.program, *FLAGS, str(self._compiled(LAUNCHER))]

    def _compiled(self, source: Path) -> Path:
        """A program for the local cloud's own Python, compiled: to compile it takes a good part of a start."""
        return self.folder / f"{source.stem}.pyc"

    def _walls(self, interpreter: Interpreter, packages: Sequence[str]) -> dict[str, Any] | None:
        """The plan's parts that all functions of a Python have in common; None if it cannot have walls."""
        with self._lock:
            if interpreter.program not in self._possible:
                self._possible[interpreter.program] = self._tried(interpreter, packages)
            return self._possible[interpreter.program]

    def _tried(self, interpreter: Interpreter, packages: Sequence[str]) -> dict[str, Any] | None:
        if not self.walls or sys.platform != "linux" or not _apart(interpreter.roots):
            return None
        folder = self.folder / "root"
        folder.mkdir(parents=True, exist_ok=True)
        for source in (LAUNCHER, WORKER):
            target, seen = str(self._compiled(source)), f"{RUNTIME}/{source.name}"
            py_compile.compile(str(source), target, seen, doraise=True, invalidation_mode=UNCHECKED)
        own = self.interpreters.own
        for root in (True, False) if os.geteuid() == 0 else (False,):
            shown, links = _system()
            roots = dict.fromkeys((*own.roots, *interpreter.roots))
            shown += [(one, one) for one in roots if not _below(one, SYSTEM)]
            shown += [(one, f"{RUNTIME}/{Path(one).name}") for one in packages]
            shown += [(str(one), f"{RUNTIME}/{one.name}") for one in (WORKER, self._compiled(WORKER))]
            walls = {
                "folder": str(folder),
                "root": root,
                "shown": shown,
                "links": links,
                "worker": f"{RUNTIME}/{self._compiled(WORKER).name}",
                "processes": MOST_PROCESSES,
            }
            if self._works(walls, interpreter, packages):
                return walls
        return None

    def _works(self, walls: dict[str, Any], interpreter: Interpreter, packages: Sequence[str]) -> bool:
        """Whether the interpreter runs behind the walls, and can read its library and the packages there."""
        paths = [f"{RUNTIME}/{Path(one).name}" for one in packages]
        check = f"import os\nfor one in [os.__file__, *{paths!r}]: os.scandir(one) if os.path.isdir(one) else open(one)"
        command = [interpreter.program, *FLAGS, "-c", check]
        plan = {**walls, "storage_mb": 1, "command": command, "variables": {}}
        try:
            done = subprocess.run(
                self._launcher, input=framed(plan), env={}, capture_output=True, timeout=PROBE_SECONDS
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0


def framed(plan: Mapping[str, Any]) -> bytes:
    """A plan as the launcher reads it.

    Example::

        >>> framed({})
        b'0000000002{}'
    """
    text = json.dumps(plan).encode()
    return b"%010d" % len(text) + text


def _system() -> tuple[list[tuple[str, str]], dict[str, str]]:
    """What every function sees of this machine, and the links among it: ``/bin`` often leads to ``/usr/bin``."""
    shown, links = [], {}
    for one in map(Path, SYSTEM):
        if one.is_symlink():
            links[str(one)] = str(one.readlink())
        elif one.is_dir():
            shown.append((str(one), str(one)))
    found = [Path("/etc", name) for name in FROM_ETC] + [Path("/dev", name) for name in DEVICES]
    shown += [(str(one.resolve()), str(one)) for one in found if one.exists()]
    return shown, links


def _shown_of(layers: Path) -> list[tuple[str, str]]:
    return [(str(one), f"{LAYERS}/{one.name}") for one in sorted(layers.iterdir()) if not one.is_symlink()]


def _links_of(layers: Path) -> dict[str, str]:
    return {f"{LAYERS}/{one.name}": str(one.readlink()) for one in sorted(layers.iterdir()) if one.is_symlink()}


def _here(paths: str, places: Mapping[str, str]) -> str:
    """Paths of an environment variable, as they are where a function has no file system of its own.

    Example::

        >>> _here("/var/task/lib:/opt:/optional", {"/var/task": "/code", "/opt": "/layers"})
        '/code/lib:/layers:/optional'
    """
    found = []
    for path in paths.split(":"):
        root = next((root for root in places if path == root or path.startswith(f"{root}/")), "")
        found.append(f"{places[root]}{path.removeprefix(root)}" if root else path)
    return ":".join(found)


def _inside(path: str, code: str, layers: str) -> str:
    """A folder's path as a walled function sees it."""
    if path == code:
        return TASK
    return f"{LAYERS}{path.removeprefix(layers)}" if layers and path.startswith(layers) else path


def _has_libraries(code: str, layers: Path | None, variables: Mapping[str, str]) -> bool:
    """Whether the dynamic linker must know the function's folders from the interpreter's start."""
    folders: Iterable[Path] = [Path(code, "lib"), *([layers / "lib"] if layers else [])]
    return any(name.startswith("LD_") for name in variables) or any(one.is_dir() for one in folders)


def _apart(roots: Sequence[str]) -> bool:
    """Whether the folders of a Python are no more than its own: neither a user's home, nor where functions write."""
    home, tmp = Path.home(), Path("/tmp")
    return not any(home.is_relative_to(one) or Path(one).is_relative_to(tmp) or one == "/" for one in roots)


def _below(path: str, folders: Sequence[str]) -> bool:
    return any(Path(path).is_relative_to(one) for one in folders)
