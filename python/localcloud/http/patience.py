"""What a client sends, as a stream that waits only so long for it.

Example::

    >>> here, there = socket.socketpair()
    >>> _ = here.send(b"GET / HT")
    >>> patient = PatientStream(there)
    >>> patient.allow(0.05)
    >>> patient.read(100)
    b'GET / HT'
    >>> patient.read(100)
    Traceback (most recent call last):
    ...
    TimeoutError: timed out
    >>> here.close(), there.close()
    (None, None)

A limit for each wait is not enough: a client that sends one byte a minute would keep its place for days.

The system watches the time (socket(7), ``SO_RCVTIMEO``). Python's own ``settimeout`` costs three further calls for each
read, and at each of them another thread may take Python's interpreter lock.
"""

from __future__ import annotations

import io
import socket
import struct
import time
from typing import Any

#: S3 ends a connection that is silent for so long (Amazon S3 API Reference, "Error responses", RequestTimeout).
SILENT_SECONDS = 20.0
SECONDS_A_BYTE = 1e-6  # each byte that arrives gives more time: a second for a megabyte
NEARLY = 1.01  # the system is told again if it would wait for more than so many times too long
ANSWER_SECONDS = 600.0  # in which a client must read something of its answer; it may work on what it has read


class PatientStream(io.RawIOBase):
    """A raw stream of a connection. Its time is up at first, until :meth:`allow` is called."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._end = self._silent = self._told = 0.0  # the last is what the system watches
        connection.setblocking(True)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(ANSWER_SECONDS))

    def allow(self, seconds: float, *, silent: float | None = None) -> None:
        """Begin a new span in which data may arrive.

        Args:
            seconds: Its length, without what each byte adds.
            silent: The longest wait for the next byte; by default ``SILENT_SECONDS``.
        """
        self._end = time.monotonic() + seconds
        self._silent = SILENT_SECONDS if silent is None else silent

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        wait = min(left, self._silent)
        if not wait <= self._told <= wait * NEARLY:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(wait))
            self._told = wait
        try:
            size = self._connection.recv_into(buffer)
        except BlockingIOError:
            raise TimeoutError("timed out") from None
        self._end += size * SECONDS_A_BYTE
        return size


def _timeval(seconds: float) -> bytes:
    """C's ``struct timeval``. Zero would mean that there is no limit."""
    whole, part = divmod(max(seconds, 1e-6), 1.0)
    return struct.pack("@ll", int(whole), max(int(part * 1e6), 0 if whole else 1))
