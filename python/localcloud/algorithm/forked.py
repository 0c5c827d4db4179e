"""A process that another process has forked for the cloud."""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import struct
import subprocess
import threading
import time
from typing import IO


class Forked:
    """A process that is not the cloud's own child. It has what the cloud uses of :class:`subprocess.Popen`.

    Attributes:
        pid: The process's number, and that of its group.
        stdin, stdout, stderr: The cloud's ends of its standard streams. stderr is None if it goes to stdout.

    Args:
        ended: A pipe. The process that forked it writes the exit code there, as ``struct`` has it in ``!i``. If that
            process is killed, the pipe ends without one.
    """

    def __init__(
        self, pid: int, ended: int, stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes] | None = None
    ) -> None:
        self.pid = pid
        self.stdin: IO[bytes] | None = stdin
        self.stdout: IO[bytes] | None = stdout
        self.stderr = stderr
        self._ended = os.fdopen(ended, "rb", buffering=0)
        self._code: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """The exit code, which is negative after a signal. None: the process runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, when the process has ended.

        Raises:
            subprocess.TimeoutExpired: It has not ended after ``timeout`` seconds.
        """
        give_up = math.inf if timeout is None else time.monotonic() + timeout
        # In turns of a second: another thread may read the code in the meantime, and close the pipe.
        while (code := self._look(min(1.0, max(0.0, give_up - time.monotonic())))) is None:
            if time.monotonic() >= give_up:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return code

    def terminate(self) -> None:
        """Send SIGTERM, if the process runs."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, if the process runs."""
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.kill(self.pid, number)

    def _look(self, seconds: float) -> int | None:
        """The exit code, if it comes within so many seconds."""
        if self._code is not None or not self._readable(seconds):
            return self._code
        with self._lock:
            if self._code is None:
                told = self._ended.read(4)
                self._ended.close()
                if len(told) == 4:
                    self._code = struct.unpack("!i", told)[0]
                else:  # nobody will ever know: the process must not outlive whoever knew it
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(self.pid, signal.SIGKILL)
                    self._code = -signal.SIGKILL
        return self._code

    def _readable(self, seconds: float) -> bool:
        looking = select.poll()  # select() takes no descriptor above 1,023
        try:
            looking.register(self._ended, select.POLLIN)
        except ValueError:  # another thread has read it and closed it
            return True
        return bool(looking.poll(seconds * 1000))
