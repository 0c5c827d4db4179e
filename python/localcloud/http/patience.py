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
"""

from __future__ import annotations

import io
import socket
import time
from typing import Any

#: S3 ends a connection that is silent for so long (Amazon S3 API Reference, "Error responses", RequestTimeout).
SILENT_SECONDS = 20.0
SECONDS_A_BYTE = 1e-6  # each byte that arrives gives more time: a second for a megabyte
ANSWER_SECONDS = 600.0  # a client may read an answer slowly, because it works on what it has read


class PatientStream(io.RawIOBase):
    """A raw stream of a connection. Its time is up at first, until :meth:`allow` is called."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._end = self._silent = 0.0

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
        self._connection.settimeout(min(left, self._silent))
        try:
            size = self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(ANSWER_SECONDS)
        self._end += size * SECONDS_A_BYTE
        return size
