"""Hears what functions tell while they run. A function's sandbox has no file of this machine that it could write.

A function's code begins with :attr:`Beacon.code`, and then calls ``tell("name", "text")`` and ``lit("name")``.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CODE = """
import urllib.request
def tell(name, text):
    urllib.request.urlopen("http://127.0.0.1:{port}/" + name, text.encode()).close()
def lit(name):
    return urllib.request.urlopen("http://127.0.0.1:{port}/" + name).read() == b"1"
"""


class Beacon:
    """What functions have told, by name, in order.

    Attributes:
        code: The lines with which a function's code begins.
    """

    def __init__(self, port: int) -> None:
        self.code = CODE.format(port=port)
        self._heard: defaultdict[str, list[str]] = defaultdict(list)
        self._lit: set[str] = set()
        self._lock = threading.Lock()

    def heard(self, name: str) -> list[str]:
        """The texts that were told under a name."""
        with self._lock:
            return list(self._heard[name])

    def hear(self, name: str, text: str) -> None:
        """A function has told a text."""
        with self._lock:
            self._heard[name].append(text)

    def light(self, name: str) -> None:
        """From now on ``lit(name)`` is true."""
        self._lit.add(name)

    def is_lit(self, name: str) -> bool:
        """Whether a name was lit."""
        return name in self._lit


@contextmanager
def beacon() -> Iterator[Beacon]:
    """A beacon on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"1" if found.is_lit(self.path[1:]) else b"0")

        def do_POST(self) -> None:
            found.hear(self.path[1:], self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._answer(b"1")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Beacon(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()
