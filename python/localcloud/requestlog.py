"""Logs every request to the local cloud, one line each.

Example::

    >>> def put(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return []
    >>> request = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/images/a.png"}
    >>> RequestLog(put)(request, lambda status, headers: None)
    20...+00:00 200 - PUT /images/a.png ... ms
    []

Only a signed request names its service. The dash stands where the name would be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud import incoming, log
from localcloud.control import IDENTITY_PATH
from localcloud.identifiers import new_uuid

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

REQUEST_IDS = ("x-amzn-requestid", "x-amz-request-id")


class RequestLog:
    """A WSGI application around another one."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = time.monotonic()

        def logged(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            # Leave out the check that `local.status` and `local.up` make all the time.
            if environ.get("PATH_INFO") != IDENTITY_PATH or not status.startswith("200"):
                now = datetime.now(UTC).isoformat(timespec="milliseconds")
                took = (time.monotonic() - began) * 1000
                log.line(f"{now} {status.split()[0]} {incoming.asked(environ)} {took:.0f} ms")
            # Every answer of AWS has a request id. Some of moto's have none.
            if not any(name.lower() in REQUEST_IDS for name, _ in headers):
                headers = [*headers, (REQUEST_IDS[0], new_uuid())]
            return start_response(status, headers, *rest)

        return self._application(environ, logged)
