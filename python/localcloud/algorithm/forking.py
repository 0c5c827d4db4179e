"""The process that has PyTorch in memory, and forks one for each job and each container.

``python -m localcloud.algorithm.forking FD``: requests come through the socket of this file descriptor. One has the
length of its text, the text (JSON: ``module``, ``arguments``, ``env``, ``cwd``) and four file descriptors: the standard
streams, and a pipe for the exit code. The answer is the process's number and an error number, one of them 0.

The process has one thread, so what it forks finds all locks open. It ends when the cloud has ended, when it is asked
to, and when nothing has needed it for :data:`IDLE_SECONDS`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.algorithm.messages import exactly

IDLE_SECONDS = 300.0
STREAMS = 3


class Forking:
    """Answers the requests, and tells the ends of what it has forked.

    Args:
        control: The socket of the requests.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._ends: dict[int, int] = {}
        self._leaving = False
        self._signalled, told = os.pipe()
        os.set_blocking(told, False)
        signal.set_wakeup_fd(told)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._leave())

    def run(self) -> None:
        """Serve until nobody needs this process any more."""
        while not (self._leaving and not self._ends):
            asking = self._control.fileno()
            looking = select.poll()  # select() takes no descriptor above 1,023
            looking.register(self._signalled, select.POLLIN)
            if asking >= 0:
                looking.register(asking, select.POLLIN)
            ready = [number for number, _ in looking.poll(IDLE_SECONDS * 1000)]
            if not ready and not self._ends:
                return
            if self._signalled in ready:
                os.read(self._signalled, 4096)
            self._reap()
            if self._leaving:
                self._control.close()  # whoever asks now must ask another one
            elif asking in ready and not self._serve():
                return

    def _leave(self) -> None:
        self._leaving = True

    def _reap(self) -> None:
        while self._ends:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            end = self._ends.pop(pid)
            with contextlib.suppress(OSError):  # the cloud has ended
                os.write(end, struct.pack("!i", os.waitstatus_to_exitcode(status)))
            os.close(end)

    def _serve(self) -> bool:
        """Answer one request. False: there will be no other one."""
        try:
            head, given, _, _ = socket.recv_fds(self._control, 4, STREAMS + 1)
            if len(head) < 4:
                return False
            asked = json.loads(exactly(self._control, struct.unpack("!I", head)[0]))
            pid, error = 0, 0
            try:
                pid = self._fork(asked, given)
            except OSError as failed:
                error = failed.errno or 1
                os.close(given[STREAMS])
            for end in set(given[:STREAMS]):
                os.close(end)
            self._control.sendall(struct.pack("!iI", pid, error))
        except ConnectionError:
            return False
        return True

    def _fork(self, asked: Mapping[str, Any], given: Sequence[int]) -> int:
        read, begun = os.pipe()
        with os.fdopen(read, "rb", buffering=0) as ready:
            try:
                pid = os.fork()
                if not pid:
                    _become(asked, given[:STREAMS], begun)
            finally:
                os.close(begun)
            self._ends[pid] = given[STREAMS]
            # A signal must reach what the process is to be, and not what it was: nobody knows its number before.
            ready.read(1)
        return pid


def _become(asked: Mapping[str, Any], streams: Sequence[int], begun: int) -> None:
    """Be the process that was asked for. It never returns.

    Args:
        begun: A pipe that is told when this is a process group of its own, which signals end.
    """
    code: object = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.write(begun, b"!")
        for number, end in enumerate(streams):
            os.dup2(end, number)
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names, not paths
            if int(name) >= STREAMS:
                with contextlib.suppress(OSError):  # of the listing itself
                    os.close(int(name))
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["env"])
        time.tzset()
        code = importlib.import_module(asked["module"]).main(asked["arguments"])
    except SystemExit as left:
        code = left.code
    except BaseException:  # noqa: BLE001 - nothing may reach what this process was before
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            if not isinstance(code, int | None):  # as sys.exit does
                print(code, file=sys.stderr)
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def main() -> None:
    """Import what the processes need, and serve."""
    for module in ("train", "serve", "data", "gathering", "loop", "network", "predictor"):
        importlib.import_module(f"imageclassification.{module}")
    gc.collect()
    gc.freeze()  # a collection would write to the memory that is shared
    Forking(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
