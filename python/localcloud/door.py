"""The door of the local cloud: it refuses web pages and foreign host names before anything else happens.

A browser lets every page send requests to this machine. So nothing that a browser marks as a page's own request comes
in, whatever its path. Example::

    serve(Door(application))

A browser says where a request comes from in ``Origin`` (Fetch Standard, "Origin header"; WebSocket handshakes have it
too) and in ``Sec-Fetch-Site`` (W3C, "Fetch Metadata Request Headers"), which no script can set or remove. A page that
has its host name point at 127.0.0.1 (DNS rebinding) still sends that name as ``Host``. AWS's clients send none of
these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from localcloud import incoming
from localcloud.refusals import refusal

if TYPE_CHECKING:
    from localcloud.application import Wsgi

#: Loopback's names, and names below ``localhost``, which browsers never look up (RFC 6761, section 6.3).
LOOPBACK = re.compile(r"(127\.0\.0\.1|\[::1\]|([a-z0-9_-]+\.)*localhost)(:\d{1,5})?", re.IGNORECASE)
#: moto's own pages, which reset and replay a cloud. A signed request to a bucket of that name is S3's.
PAGES = re.compile(r"/moto-api(/|$)")


class Door:
    """A WSGI application in front of another one."""

    def __init__(self, application: Wsgi) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        signed_for = incoming.scope(environ)
        if why := foreign(environ):
            answer = refusal(signed_for[1] if signed_for else "-", "AccessDenied", why, status=403)
        elif PAGES.match(environ.get("PATH_INFO", "")) and not signed_for:
            answer = refusal("-", "NotFound", f"the local cloud has no page {environ['PATH_INFO']}", status=404)
        else:
            return self._application(environ, start_response)
        # What the request brings along is not read, so nothing more can be heard on this connection.
        answer.headers["Connection"] = "close"
        return answer(environ, start_response)


def foreign(environ: Mapping[str, Any]) -> str | None:
    """Why a request is not from a client on this machine; None if it may be.

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
