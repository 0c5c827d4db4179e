"""Repeats an answer that was lost, so that a request is not carried out twice.

AWS's SDKs send a request again when the connection breaks. The new request has the same ``amz-sdk-invocation-id`` and a
higher ``attempt`` in ``amz-sdk-request``. On a busy machine the first request may have succeeded. A second
CreateFunction would then fail, because the function exists.

Example::

    >>> calls = []
    >>> def create(environ, start_response):
    ...     calls.append(environ)
    ...     start_response("200 OK", [])
    ...     return [b"created"]
    >>> def request(attempt):
    ...     sdk = {"HTTP_AMZ_SDK_INVOCATION_ID": "9c1f", "HTTP_AMZ_SDK_REQUEST": f"attempt={attempt}"}
    ...     return {"REQUEST_METHOD": "POST", PRINCIPAL: "root", **sdk}
    >>> application = LostAnswers(create)
    >>> application(request(1), lambda status, headers: None)
    [b'created']
    >>> application(request(2), lambda status, headers: None)
    answered again, attempt 2 of a request that was carried out: 200 OK
    [b'created']
    >>> len(calls)
    1
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from localcloud import log
from localcloud.iam.principals import PRINCIPAL

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

ANSWERS_KEPT = 256
LARGEST_KEPT = 65_536  # bytes


class LostAnswers:
    """A WSGI application around another one. It keeps the last successful answers to requests that change something."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._kept: OrderedDict[tuple[str, str], tuple[str, list[tuple[str, str]], bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        named = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
        if not named or environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return self._application(environ, start_response)
        invocation = (named, str(environ[PRINCIPAL]))  # another principal with the same id must not get the answer
        attempt = re.search(r"attempt=(\d+)", environ.get("HTTP_AMZ_SDK_REQUEST", ""))
        if attempt and int(attempt[1]) > 1:
            with self._lock:
                kept = self._kept.get(invocation)
            if kept:
                status, headers, body = kept
                log.line(f"answered again, attempt {attempt[1]} of a request that was carried out: {status}")
                start_response(status, headers)
                return [body]
        return [self._carry_out(invocation, environ, start_response)]

    def _carry_out(
        self, invocation: tuple[str, str], environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> bytes:
        answered: list[tuple[str, list[tuple[str, str]]]] = []

        def remember(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            answered.append((status, list(headers)))
            return start_response(status, headers, *rest)

        parts = self._application(environ, remember)
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        status, headers = answered[-1]
        if status.startswith("2") and len(body) <= LARGEST_KEPT:
            with self._lock:
                self._kept[invocation] = (status, headers, body)
                while len(self._kept) > ANSWERS_KEPT:
                    self._kept.popitem(last=False)
        return body
