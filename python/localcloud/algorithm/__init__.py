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

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from imageclassification.train import OPENMP
from localcloud.algorithm.forked import Forked
from localcloud.algorithm.messages import exactly
from localcloud.children import ChildProcess, Children, inherited

FORKING = "localcloud.algorithm.forking"
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
        if self._forks and not self._children.ending:
            given = {"module": module, "arguments": [*arguments], "env": dict(env), "cwd": str(cwd)}
            # The process that forks may have been killed, or the cloud may have begun to end: then without it.
            with contextlib.suppress(ConnectionError):
                child = self._fork(json.dumps(given).encode(), together)
                self._children.adopt(child)
                return child
        return self._children.spawn(
            [sys.executable, "-m", module, *arguments],
            env=env,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if together else subprocess.PIPE,
        )

    def _fork(self, asked: bytes, together: bool) -> Forked:
        """Have a process forked. The process that forks may have ended, by itself or killed: another one is started."""
        with self._lock:
            if self._control is not None:
                try:
                    return _request(self._control, asked, together)
                except ConnectionError:
                    self._close()
            self._control = self._started()
            try:
                return _request(self._control, asked, together)
            except ConnectionError:
                self._close()
                raise

    def close(self) -> None:
        """End the process that forks, and all that it has forked. Another one is started when it is needed."""
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
        with its:
            self._parent = self._children.spawn(
                [sys.executable, "-m", FORKING, str(its.fileno())],
                env={**OPENMP, **inherited(os.environ), **FIXED},
                pass_fds=(its.fileno(),),
            )
        return ours


def _request(control: socket.socket, asked: bytes, together: bool) -> Forked:
    """Ask for a process.

    Raises:
        ConnectionError: The process that forks has ended.
        OSError: It cannot fork.
    """
    with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:

        def pipe(*, read_by_us: bool = True) -> tuple[int, int]:
            """Our end of a new pipe, and the other one."""
            read, written = os.pipe()
            mine, other = (read, written) if read_by_us else (written, read)
            ours.callback(os.close, mine)
            theirs.callback(os.close, other)
            return mine, other

        stdin, stdin_end = pipe(read_by_us=False)
        stdout, stdout_end = pipe()
        ended, ended_end = pipe()
        stderr, stderr_end = (None, stdout_end) if together else pipe()
        socket.send_fds(control, [struct.pack("!I", len(asked))], [stdin_end, stdout_end, stderr_end, ended_end])
        control.sendall(asked)
        pid, error = struct.unpack("!iI", exactly(control, 8))
        if error:
            raise OSError(error, os.strerror(error))
        ours.pop_all()  # they are the process's from now on
    return Forked(
        pid,
        ended,
        os.fdopen(stdin, "wb", buffering=0),
        os.fdopen(stdout, "rb"),
        None if stderr is None else os.fdopen(stderr, "rb"),
    )
