"""The log of a local cloud's requests: a line each, whoever asked and however it ended.

Example::

    serve(RequestLog(application))
    # 2026-01-02T03:04:05.678+00:00 200 s3 PUT /bucket/key 4 ms
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud import incoming, log
from localcloud.control import IDENTITY_PATH

if TYPE_CHECKING:
    from localcloud.application import Wsgi

REQUEST_IDS = ("x-amzn-requestid", "x-amz-request-id")


class RequestLog:
    """A WSGI application around another one."""

    def __init__(self, application: Wsgi) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = time.monotonic()

        def logged(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            # Not what `local.status` and `local.up` ask all the time.
            if environ.get("PATH_INFO") != IDENTITY_PATH or not status.startswith("200"):
                now = datetime.now(UTC).isoformat(timespec="milliseconds")
                took = (time.monotonic() - began) * 1000
                log.line(f"{now} {status.split()[0]} {incoming.asked(environ)} {took:.0f} ms")
            # Every answer of AWS has one, and moto's interpreter of state machines takes it for granted.
            if not any(name.lower() in REQUEST_IDS for name, _ in headers):
                headers = [*headers, (REQUEST_IDS[0], str(uuid.uuid4()))]
            return start_response(status, headers, *rest)

        return self._application(environ, logged)
