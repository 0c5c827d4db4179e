"""Who may ask: only the browser that was given the address, and only for the console's own pages.

Every web page that a user opens can send requests to a port of 127.0.0.1. So the server answers no request

- for another host name, which a page's owner may have pointed to 127.0.0.1 ("DNS rebinding");
- that comes from another page (``Origin``; ``Sec-Fetch-Site``, W3C, "Fetch Metadata Request Headers");
- without the token of the address. The first request exchanges it for a cookie, so that it stays in no history.

An environment keeps its token in a file that only its user may read, as the local cloud keeps its keys. So an address
is good for longer than one process, and a page that is open goes on when the console was started again.

The answers forbid the browser to load anything from elsewhere, to run scripts that stand in the page, and to show the
page inside another one (W3C, "Content Security Policy Level 3").
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "scones_console"
PARAMETER = "token"
NAMES = ("127.0.0.1", "localhost")
BYTES, LETTERS = 24, 32  # of a token: three bytes are four letters
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def kept_token(path: Path) -> str:
    """The token in a file. A new one if there is none, or if others may read it.

    Raises:
        OSError: The file cannot be written.
    """
    with contextlib.suppress(OSError, ValueError):
        found = path.read_text()
        if len(found) == LETTERS and not path.stat().st_mode & 0o077:
            return found
    token = new_token()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another console has begun at the same moment
        return kept_token(path)
    with os.fdopen(file, "w") as writing:
        writing.write(token)
    return token


def address(port: int, token: str) -> str:
    """What the browser opens.

    Example::

        >>> address(8765, "secret")
        'http://127.0.0.1:8765/?token=secret'
    """
    return f"http://127.0.0.1:{port}/?{PARAMETER}={token}"


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(BYTES)


class Guard:
    """An ASGI application around another one. It refuses what the module's text says.

    Args:
        application: The other application.
        token: The token of the address.
    """

    def __init__(self, application: ASGIApp, token: str) -> None:
        self._application, self._token = application, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        request = Request(scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refusal(request) or self._exchange(request)
        await (answer or self._application)(scope, receive, guarded)

    def _refusal(self, request: Request) -> PlainTextResponse | None:
        host = request.headers.get("host", "")
        if host.rpartition(":")[0] not in NAMES:
            return PlainTextResponse(f"this server is not {host}: open the address that invoke console says", 421)
        origin = request.headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return PlainTextResponse("the request comes from another page", 403)
        from_elsewhere = request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        if from_elsewhere and not (request.method == "GET" and request.headers.get("sec-fetch-mode") == "navigate"):
            return PlainTextResponse("the request comes from another page", 403)
        if request.method not in ("GET", "HEAD") and origin is None:
            return PlainTextResponse("a change comes from the console's own pages only", 403)
        given = request.cookies.get(self._cookie(request)) or request.query_params.get(PARAMETER) or ""
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            return PlainTextResponse("the token is missing or old: open the address that invoke console says", 403)
        return None

    def _exchange(self, request: Request) -> RedirectResponse | None:
        """The answer to an address with the token: the same address without it, and a cookie."""
        if PARAMETER not in request.query_params or request.method != "GET":
            return None
        rest = [(name, value) for name, value in parse_qsl(request.url.query) if name != PARAMETER]
        # Two slashes at the start of a path would be another host.
        path = "/" + request.url.path.lstrip("/")
        answer = RedirectResponse(path + (f"?{urlencode(rest)}" if rest else ""), 303)
        answer.set_cookie(self._cookie(request), self._token, httponly=True, samesite="strict", path="/")
        return answer

    @staticmethod
    def _cookie(request: Request) -> str:
        """The cookie's name. Browsers send cookies to every port of a host, and two consoles may be open."""
        return f"{COOKIE}_{request.headers.get('host', '').rpartition(':')[2]}"
