"""The processes that the cloud starts. They never outlive it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from localcloud import guard

GUARD = Path(guard.__file__)


class ChildProcess(Protocol):
    """A child process: a :class:`subprocess.Popen`, or one that another child has forked."""

    stdin: IO[bytes] | None
    stdout: IO[bytes] | None
    stderr: IO[bytes] | None

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Its exit code, which is negative after a signal. None: it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, when it has ended. It raises :class:`subprocess.TimeoutExpired` before."""

    def terminate(self) -> None:
        """Send it SIGTERM."""

    def kill(self) -> None:
        """Send it SIGKILL."""


@dataclass
class Children:
    """The child processes of the cloud, and the processes that these start.

    A child's standard input is a pipe, and only the cloud holds the other end. A child reads the pipe in a thread, or
    as its stream of requests, and exits when the pipe closes. The operating system closes the pipe even when the cloud
    is killed.

    A child is the leader of a process group. What it has started is killed as a group when the child ends or is
    stopped. If the cloud is killed, the guard process (:mod:`localcloud.guard`) kills the groups.

    Attributes:
        ending: Whether the cloud is ending all children. What they did goes on when the cloud is there again.
    """

    ending: bool = field(default=False, init=False)
    _running: dict[ChildProcess, str | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _guard: subprocess.Popen[bytes] | None = None

    def spawn(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        mark: str | None = None,
        **streams: Any,
    ) -> subprocess.Popen[bytes]:
        """Start a child.

        Args:
            mark: ``NAME=value``, a variable in ``env`` that no other child has. What the child starts is found by it,
                also in another process group.
            streams: ``stdout``, ``stderr`` and ``pass_fds`` of :class:`subprocess.Popen`.
        """
        child = subprocess.Popen(
            command, env=dict(env), cwd=cwd, stdin=subprocess.PIPE, start_new_session=True, **streams
        )
        self.adopt(child, mark)
        return child

    def adopt(self, child: ChildProcess, mark: str | None = None) -> None:
        """Look after a child that leads a process group. Its standard input is a pipe of the cloud's."""
        with self._lock:
            ended = {other: known for other, known in self._running.items() if other.poll() is not None}
            self._running = {other: known for other, known in self._running.items() if other not in ended}
            self._running[child] = mark
            self._tell(_line(child, mark))
        for other, known in ended.items():
            self._end_group(other, known)

    def running(self) -> list[ChildProcess]:
        """The children that have not been stopped, in the order of their starts. Some may have ended."""
        with self._lock:
            return list(self._running)

    def stop(self, child: ChildProcess, *, grace: float = 2.0) -> None:
        """Terminate a child, and kill it if it still runs after ``grace`` seconds. Then kill all that it started."""
        if child.poll() is None:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(grace)
        with self._lock:
            mark = self._running.get(child)
        self._end_group(child, mark)
        child.wait()
        with self._lock:
            self._running.pop(child, None)

    def stop_all(self) -> None:
        """End all children."""
        self.ending = True
        running = self.running()
        for child in running:
            if child.poll() is None:
                child.terminate()
        give_up = time.monotonic() + 2.0
        for child in running:
            self.stop(child, grace=max(0.0, give_up - time.monotonic()))

    def _end_group(self, child: ChildProcess, mark: str | None) -> None:
        with contextlib.suppress(OSError):  # nobody is left in it
            os.killpg(child.pid, signal.SIGKILL)
        if mark is not None:
            guard.sweep({mark.encode()})
        with self._lock:
            self._tell(f"-{child.pid}")

    def _tell(self, line: str) -> None:
        """Tell the guard of a change. A guard that was killed is replaced, and is told of everything."""
        if self._guard is None or self._guard.poll() is not None:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            weakref.finalize(self, _dismiss, self._guard)
            line = "\n".join([*(_line(child, mark) for child, mark in self._running.items()), line])
        assert self._guard.stdin is not None  # a pipe, as asked for above
        with contextlib.suppress(OSError, ValueError):  # it has just ended, or its pipe has: the next call replaces it
            self._guard.stdin.write(f"{line}\n".encode())
            self._guard.stdin.flush()


def inherited(variables: Mapping[str, str]) -> dict[str, str]:
    """What a child gets of the machine's variables: all but those that lead to a cloud, or change moto.

    Example::

        >>> inherited({"PATH": "/bin", "AWS_PROFILE": "me", "MOTO_ACCOUNT_ID": "1"})
        {'PATH': '/bin'}
    """
    return {name: value for name, value in variables.items() if not name.startswith(("AWS_", "MOTO_"))}


def _line(child: ChildProcess, mark: str | None) -> str:
    return f"+{child.pid} {mark}" if mark else f"+{child.pid}"


def _dismiss(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None  # a pipe, as asked for above
    with contextlib.suppress(OSError):
        process.stdin.close()
    process.wait()
