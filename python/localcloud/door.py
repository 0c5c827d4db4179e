"""Refuses the requests of web pages and requests to foreign host names, before anything else happens.

A browser lets every page send requests to this machine. The local cloud refuses each request that a browser marks as
sent by a page, for every path.

Example::

    >>> def show(status, headers):
    ...     print(status)
    >>> page = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_ORIGIN": "https://evil.example"}
    >>> body = Door(lambda environ, start_response: [])(page, show)
    refused (AccessDenied): no web page may use the local cloud: this request has the origin 'https://evil.example'
    403 FORBIDDEN

A browser names the sender in ``Origin`` (Fetch Standard, "Origin header"; WebSocket handshakes have it too) and in
``Sec-Fetch-Site`` (W3C, "Fetch Metadata Request Headers"). Scripts cannot set or remove these headers. A page may also
point its own host name at 127.0.0.1 (DNS rebinding), but the browser still sends that name as ``Host``. AWS's clients
send neither of the two headers and use the endpoint's host name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from localcloud import incoming
from localcloud.refusals import refusal

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

#: The loopback addresses and the names below ``localhost``. Browsers never look these up (RFC 6761, section 6.3).
LOOPBACK = re.compile(r"(127\.0\.0\.1|\[::1\]|([a-z0-9_-]+\.)*localhost)(:\d{1,5})?", re.IGNORECASE)


class Door:
    """A WSGI application in front of another one."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        why = foreign(environ)
        if why is None:
            return self._application(environ, start_response)
        signed_for = incoming.scope(environ)
        answer = refusal(signed_for[1] if signed_for else "-", "AccessDenied", why, status=403)
        # The request's body is not read, so the connection cannot carry another request.
        answer.headers["Connection"] = "close"
        return answer(environ, start_response)


def foreign(environ: Mapping[str, Any]) -> str | None:
    """The reason why a request did not come from a client on this machine; None if it may have.

    Example::

        >>> foreign({"HTTP_HOST": "127.0.0.1:5566"})
        >>> foreign({"HTTP_HOST": "evil.example:5566"})
        "the local cloud answers to 127.0.0.1 and localhost only, not to the host name 'evil.example:5566'"
    """
    if "HTTP_ORIGIN" in environ:
        return f"no web page may use the local cloud: this request has the origin {environ['HTTP_ORIGIN']!r}"
    if (site := environ.get("HTTP_SEC_FETCH_SITE", "none")) != "none":
        return f"no web page may use the local cloud: this request has Sec-Fetch-Site {site!r}"
    host = environ.get("HTTP_HOST", "")
    if not LOOPBACK.fullmatch(host):
        return f"the local cloud answers to 127.0.0.1 and localhost only, not to the host name {host!r}"
    return None
