"""Repeats an answer that was lost, so that a request is not carried out twice.

AWS's SDKs send a request again when the connection breaks. The new request has the same ``amz-sdk-invocation-id``. On a
busy machine, or before the cloud was killed, the first request may have succeeded. A second CreateFunction would then
fail, because the function exists. A Task of an execution sends its call again in the same way after the cloud was
killed. So the answers are kept together with what the requests have changed (:mod:`localcloud.acknowledgement`).

Example::

    >>> calls = []
    >>> def create(environ, start_response):
    ...     calls.append(environ)
    ...     start_response("200 OK", [])
    ...     return [b"created"]
    >>> request = {"REQUEST_METHOD": "POST", PRINCIPAL: "root", "HTTP_AMZ_SDK_INVOCATION_ID": "9c1f"}
    >>> application = LostAnswers(create, KeptAnswers(Database()))
    >>> application(request, lambda status, headers: None)
    [b'created']
    >>> application(request, lambda status, headers: None)
    answered again, a request that was carried out: 200 OK
    [b'created']
    >>> len(calls)
    1
"""

from __future__ import annotations

import itertools
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from localcloud import log
from localcloud.durability.database import Change, Database
from localcloud.iam.principals import PRINCIPAL

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

ANSWERS_KEPT = 256
LARGEST_KEPT = 65_536  # bytes
TABLE = """CREATE TABLE IF NOT EXISTS answer (number INTEGER PRIMARY KEY, invocation TEXT NOT NULL,
    principal TEXT NOT NULL, status TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL)"""

Headers = Sequence[tuple[str, str]]


class KeptAnswers:
    """The last successful answers to requests that change something."""

    def __init__(self, database: Database) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[str, Headers, bytes]] = OrderedDict()
        self._lock = threading.Lock()
        database.declare(TABLE)
        last = 0
        for number, *invocation, status, headers, body in database.read("SELECT * FROM answer ORDER BY number"):
            self._kept[invocation[0], invocation[1]] = (
                status,
                [(name, value) for name, value in json.loads(headers)],
                body,
            )
            last = number
        self._numbers = itertools.count(last + 1)

    def find(self, environ: Mapping[str, Any]) -> tuple[str, Headers, bytes] | None:
        """The answer that a request had before: status, headers and body."""
        invocation = _invocation(environ)
        with self._lock:
            return self._kept.get(invocation) if invocation else None

    def remember(self, environ: Mapping[str, Any], status: str, headers: Headers, body: bytes) -> None:
        """Remember an answer while the cloud runs."""
        invocation = _invocation(environ)
        if invocation and _is_kept(status, body):
            with self._lock:
                self._kept[invocation] = status, list(headers), body
                while len(self._kept) > ANSWERS_KEPT:
                    self._kept.popitem(last=False)

    def changes(self, environ: Mapping[str, Any], status: str, headers: Headers, body: bytes) -> list[Change]:
        """What is to be written with what a request has changed, so that its answer outlives the cloud's process."""
        invocation = _invocation(environ)
        if not invocation or not _is_kept(status, body):
            return []
        number = next(self._numbers)
        row = (number, *invocation, status, json.dumps(list(headers)), body)
        return [
            ("INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?)", [row]),
            ("DELETE FROM answer WHERE number <= ?", [(number - ANSWERS_KEPT,)]),
        ]


class LostAnswers:
    """A WSGI application around another one. It answers a repeated request as it has answered it before."""

    def __init__(self, application: WSGIApplication, answers: KeptAnswers) -> None:
        self._application, self._answers = application, answers

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if _invocation(environ) is None:
            return self._application(environ, start_response)
        if kept := self._answers.find(environ):
            status, headers, body = kept
            log.line(f"answered again, a request that was carried out: {status}")
            start_response(status, list(headers))
            return [body]
        return [self._carry_out(environ, start_response)]

    def _carry_out(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> bytes:
        answered: list[tuple[str, Headers]] = []

        def remember(status: str, headers: Headers, *rest: Any) -> Any:
            answered.append((status, list(headers)))
            return start_response(status, headers, *rest)

        body = whole(self._application(environ, remember))
        self._answers.remember(environ, *answered[-1], body)
        return body


def whole(parts: Iterable[bytes]) -> bytes:
    """The body of an answer that comes in parts."""
    try:
        return b"".join(parts)
    finally:
        getattr(parts, "close", lambda: None)()


def _invocation(environ: Mapping[str, Any]) -> tuple[str, str] | None:
    """What tells that a request is the same one: its id and its principal. Another principal gets no answer of it."""
    named = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
    if not named or environ["REQUEST_METHOD"] in ("GET", "HEAD"):
        return None
    return named, str(environ[PRINCIPAL])


def _is_kept(status: str, body: bytes) -> bool:
    return status.startswith("2") and len(body) <= LARGEST_KEPT
