"""What the cloud and the process that forks send each other."""

from __future__ import annotations

import socket


def exactly(control: socket.socket, count: int) -> bytes:
    """So many bytes from a socket.

    Raises:
        ConnectionError: It has ended before.
    """
    found = bytearray()
    while len(found) < count:
        part = control.recv(count - len(found))
        if not part:
            raise ConnectionResetError("the other process has ended")
        found += part
    return bytes(found)
