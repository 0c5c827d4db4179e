"""The algorithm's processes: training jobs, and the containers of endpoints and transform jobs.

PyTorch takes three seconds of a processor to import, and a job often takes less. So one process imports it once, at the
first job, and forks one process for each job and each container (:mod:`localcloud.algorithm.forking`). Its memory is
shared with theirs. It ends when nothing has needed it for some minutes.

Elsewhere than on Linux, forking after such an import is not safe. There, each process imports PyTorch itself.

Example (not run: it needs a running cloud)::

    child = context.algorithm.start("imageclassification.train", ["--root", str(root)], env=variables, cwd=root)
    child.wait()
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from localcloud.algorithm.forked import Forked
from localcloud.algorithm.forking import exactly
from localcloud.children import ChildProcess, Children

FORKING = "localcloud.algorithm.forking"
#: Read when PyTorch is imported: threads that spin while they wait slow down everything else. A job sets them
#: too, which is too late in a process that is forked (:func:`imageclassification.train.run`).
DEFAULTS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "2000"}
#: NumPy would start threads when it is imported, and a process that forks must have one.
FIXED = {"OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


class Algorithm:
    """Starts the algorithm's processes.

    Args:
        children: Looks after them.
        forks: Whether they are forked.
    """

    def __init__(self, children: Children, *, forks: bool = sys.platform == "linux") -> None:
        self._children, self._forks = children, forks
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._parent: ChildProcess | None = None

    def start(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        together: bool = False,
    ) -> ChildProcess:
        """Start ``python -m MODULE ARGUMENTS``. Its standard streams are pipes.

        Args:
            module: A module of the algorithm. Its ``main(arguments)`` returns the exit code.
            env: The environment of the process.
            cwd: Its folder.
            together: Whether standard error goes where standard output goes.

        Raises:
            OSError: The process cannot be started.
        """
        if not self._forks:
            return self._children.spawn(
                [sys.executable, "-m", module, *arguments],
                env=env,
                cwd=cwd,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if together else subprocess.PIPE,
            )
        asked = json.dumps({"module": module, "arguments": [*arguments], "env": dict(env), "cwd": str(cwd)}).encode()
        child = self._fork(asked, together)
        self._children.adopt(child)
        return child

    def _fork(self, asked: bytes, together: bool) -> Forked:
        """Have a process forked. The process that forks may have ended, by itself or killed: another one is started."""
        with self._lock:
            if self._control is not None:
                try:
                    return _request(self._control, asked, together)
                except ConnectionError:
                    self._close()
            self._control = self._started()
            return _request(self._control, asked, together)

    def close(self) -> None:
        """Do without the process that forks. It ends, and another one is started when it is needed."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._parent is not None and self._parent.stdin is not None:
            self._parent.stdin.close()
        self._control = self._parent = None

    def _started(self) -> socket.socket:
        ours, its = socket.socketpair()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
        with its:
            self._parent = self._children.spawn(
                [sys.executable, "-m", FORKING, str(its.fileno())],
                env={**DEFAULTS, **kept, **FIXED},
                pass_fds=(its.fileno(),),
            )
        return ours


def _request(control: socket.socket, asked: bytes, together: bool) -> Forked:
    """Ask for a process.

    Raises:
        ConnectionError: The process that forks has ended.
        OSError: It cannot fork.
    """
    stdin, stdout, ended = os.pipe(), os.pipe(), os.pipe()
    stderr: tuple[int | None, int] = (None, stdout[1]) if together else os.pipe()
    theirs = [stdin[0], stdout[1], stderr[1], ended[1]]
    ours = [end for end in (stdin[1], stdout[0], stderr[0], ended[0]) if end is not None]
    try:
        socket.send_fds(control, [struct.pack("!I", len(asked))], theirs)
        control.sendall(asked)
        pid, error = struct.unpack("!iI", exactly(control, 8))
        if error:
            raise OSError(error, os.strerror(error))
    except OSError:
        for end in ours:
            os.close(end)
        raise
    finally:
        for end in set(theirs):
            os.close(end)
    return Forked(
        pid,
        ended[0],
        os.fdopen(stdin[1], "wb", buffering=0),
        os.fdopen(stdout[0], "rb"),
        None if stderr[0] is None else os.fdopen(stderr[0], "rb"),
    )
