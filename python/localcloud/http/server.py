"""Serves a WSGI application: a thread for each connection, and connections that are kept between requests.

Example (not run: it serves until the process ends)::

    HttpServer(listener, application).serve_forever()

There are only so many connections at once. A new one then takes the place of the one that has been idle for longest; if
all of them are busy it waits, so that a burst of requests is answered more slowly and not dropped. A connection that
has not sent anything yet counts as idle only after a second, so that its first request can arrive.
"""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud import log
from localcloud.http.dates import current_date
from localcloud.http.patience import PatientStream
from localcloud.http.requests import Body, Malformed, keeps, read

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

MOST_CONNECTIONS = 512
MOST_WAITING = 4096  # connections that the system keeps until they are accepted; it resets others
IDLE_SECONDS = 300.0  # a connection without a request ends after them
FIRST_SECONDS = 1.0  # in which a new connection cannot lose its place
HEAD_SECONDS = 20.0  # in which the head of a request must be there
BODY_SECONDS = 60.0  # in which its body must be there, and a second more for each megabyte
LARGEST_REST = 1 << 20  # bytes of a body that nobody read, up to which the connection is kept
LINGER_SECONDS, LARGEST_LINGER = 1.0, 1 << 26  # and what is thrown away after that
TOGETHER = 1 << 16  # an answer's head and a body up to this size are sent as one
NO_BODY = ("1", "204", "304")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpServer:
    """The HTTP server of one local cloud.

    Args:
        listener: A socket that listens.
        application: Answers the requests.
        most: The most connections at once.
    """

    def __init__(self, listener: socket.socket, application: WSGIApplication, *, most: int = MOST_CONNECTIONS) -> None:
        self._listener, self._application, self._most = listener, application, most
        host, port = listener.getsockname()[:2]
        self._about = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
        }
        self._open = 0
        #: Those that wait for a request. The first one has waited for longest.
        self._idle: dict[socket.socket, float] = {}  # and from when on each of them counts as idle
        #: Those that end because another one needs their place.
        self._ending: set[socket.socket] = set()
        self._change = threading.Condition()
        self._closing = False

    def serve_forever(self) -> None:
        """Accept connections until the listener is closed."""
        self._listener.listen(MOST_WAITING)
        while True:
            try:
                connection, address = self._listener.accept()
            except OSError as error:
                if self._closing or self._listener.fileno() < 0:
                    return
                log.line(f"a connection was not accepted: {error}")
                time.sleep(0.05)  # too many open files: others must end first
                continue
            self._make_room()
            try:
                threading.Thread(target=self._serve, args=(connection, address), daemon=True).start()
            except RuntimeError as error:  # the system has no thread left: the others must go on
                log.line(f"a connection was not served: {error}")
                self._end(connection)

    def shutdown(self, patience: float = 5.0) -> None:
        """Take no more requests, and let those that are under way end, for so many seconds at most."""
        give_up = time.monotonic() + patience
        with self._change:
            self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # `accept` returns
        self._listener.close()
        with self._change:
            for connection in self._idle:
                self._ending.add(connection)
                _shut(connection)
            self._change.wait_for(lambda: not self._open, give_up - time.monotonic())

    def _make_room(self) -> None:
        """Wait until there is room for one more connection, and count it."""
        with self._change:
            while self._open >= self._most:
                now = time.monotonic()
                idle = (connection for connection, since in self._idle.items() if since <= now)
                oldest = None if self._ending else next(idle, None)
                if oldest is not None:
                    del self._idle[oldest]
                    self._ending.add(oldest)
                    _shut(oldest)
                self._change.wait(FIRST_SECONDS / 4)
            self._open += 1

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            patience = PatientStream(connection)
            with io.BufferedReader(patience, TOGETHER) as stream:
                since = time.monotonic() + FIRST_SECONDS
                while self._waits(connection, patience, stream, since) and self._one(
                    connection, patience, stream, address
                ):
                    since = time.monotonic()
        except OSError:  # the client has gone, or was too slow
            pass
        except Exception as error:  # noqa: BLE001 - the fault of one connection must not be the end of others
            log.failure(error)
        finally:
            self._end(connection)

    def _end(self, connection: socket.socket) -> None:
        connection.close()
        with self._change:
            self._idle.pop(connection, None)
            self._ending.discard(connection)
            self._open -= 1
            self._change.notify_all()

    def _waits(
        self,
        connection: socket.socket,
        patience: PatientStream,
        stream: io.BufferedReader[PatientStream],
        since: float,
    ) -> bool:
        """Wait for the next request of a connection. False: there is none, or another connection needs the place.

        Args:
            since: From when on the connection counts as idle, in the seconds of ``time.monotonic``.
        """
        patience.allow(IDLE_SECONDS, silent=IDLE_SECONDS)
        with self._change:
            if self._closing:
                return False
            self._idle[connection] = since
            self._change.notify()
        begun = stream.peek(1)
        with self._change:
            return self._idle.pop(connection, None) is not None and bool(begun)

    def _one(
        self,
        connection: socket.socket,
        patience: PatientStream,
        stream: io.BufferedReader[PatientStream],
        address: tuple[str, int],
    ) -> bool:
        """Answer one request of a connection. False: it is the last one."""
        patience.allow(HEAD_SECONDS)
        try:
            environ = read(stream, lambda: connection.sendall(CONTINUE))
        except TimeoutError:
            words = f"the request's head was not there within {HEAD_SECONDS:g} seconds"
            log.line(f"refused (408): {words}")
            connection.sendall(_plain("408 Request Timeout", words))
            return False
        except Malformed as malformed:
            connection.sendall(_plain(malformed.status, str(malformed)))
            return False
        patience.allow(BODY_SECONDS)
        if environ is None:
            return False
        environ.update(self._about, REMOTE_ADDR=address[0], REMOTE_PORT=address[1])
        body: Body = environ["wsgi.input"]
        answer = Reply(connection, keep=keeps(environ), head_only=environ["REQUEST_METHOD"] == "HEAD")
        try:
            answer.of(self._application, environ)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of the cloud is an answer, if none has begun
            log.failure(error)
            if not answer.begun:
                connection.sendall(_plain("500 Internal Server Error", f"{type(error).__name__}: {error}"))
            return False
        finally:
            environ.clear()  # werkzeug's request and it hold each other, and with them the body
        patience.allow(LINGER_SECONDS)
        whole = body.finish(LARGEST_REST)
        if not whole:
            _linger(connection)
        return whole and answer.keep


class Reply:
    """The answer to one request.

    Args:
        connection: Where it is sent.
        keep: Whether the client keeps the connection. It becomes False if the answer closes it.
        head_only: Whether the body is left out, as for HEAD.

    Attributes:
        keep: Whether the connection is kept after the answer.
        begun: Whether something has been sent.
    """

    def __init__(self, connection: socket.socket, *, keep: bool, head_only: bool) -> None:
        self._connection, self.keep, self._head_only = connection, keep, head_only
        self._status, self._headers = "", list[tuple[str, str]]()
        self._chunked = self.begun = False

    def of(self, application: WSGIApplication, environ: dict[str, Any]) -> None:
        """Let the application answer, and send what it says."""
        parts: Any = application(environ, self._start)
        try:
            if isinstance(parts, list | tuple):
                self._send_whole(b"".join(parts))
            else:
                self._send_parts(parts)
        finally:
            getattr(parts, "close", lambda: None)()

    def _start(self, status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[[bytes], object]:
        self._status, self._headers = status, headers
        return self._write

    def _write(self, data: bytes) -> None:
        raise NotImplementedError("the applications of the local cloud return their bodies")

    def _send_whole(self, body: bytes) -> None:
        self._send(self._head(len(body)), b"" if self._bare else body)

    def _send_parts(self, parts: Any) -> None:
        unsent: bytes | None = None
        for part in parts:
            if unsent is None:
                unsent = self._head(None)
            if part and not self._bare:
                self._send(unsent, b"%x\r\n%b\r\n" % (len(part), part) if self._chunked else part)
                unsent = b""
        self._send(self._head(0) if unsent is None else unsent, b"0\r\n\r\n" if self._chunked else b"")

    @property
    def _bare(self) -> bool:
        return self._head_only or self._status.startswith(NO_BODY)

    def _head(self, length: int | None) -> bytes:
        """The status line and the headers.

        Args:
            length: The length of the body, if it is known. An answer that does not tell its own is sent in chunks.
        """
        names = {name.lower() for name, _ in self._headers}
        lines = [f"HTTP/1.1 {self._status}"]
        for name, value in self._headers:
            if name.lower() == "connection":
                self.keep = self.keep and value.lower() != "close"
                continue
            lines.append(f"{name}: {value}".replace("\r", " ").replace("\n", " "))
        if "date" not in names:
            lines.append(f"Date: {current_date()}")
        if "content-length" not in names and not self._bare:
            self._chunked = length is None
            lines.append("Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}")
        lines.append("Connection: keep-alive" if self.keep else "Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _send(self, head: bytes, body: bytes) -> None:
        self.begun = True
        if len(body) <= TOGETHER:
            if head or body:
                self._connection.sendall(head + body)
            return
        self._connection.sendall(head)
        self._connection.sendall(body)


def _plain(status: str, words: str) -> bytes:
    body = f"{words}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def _linger(connection: socket.socket) -> None:
    """Let a client read its answer while it still sends. A connection that ends with unread bytes is reset at once."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(LINGER_SECONDS)
    left = LARGEST_LINGER
    while left > 0 and (found := connection.recv(TOGETHER)):
        left -= len(found)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may have ended by itself
        connection.shutdown(socket.SHUT_RDWR)
