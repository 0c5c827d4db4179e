"""The console's application, and its process.

Example (not run: it serves until Ctrl-C)::

    serve(Desk.of(settings.load("local")), port=8765, say=print)
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from scones.console import security
from scones.console.live import said
from scones.console.page import Page, wants_data
from scones.console.pages import endpoint, execution, executions, health, models, traffic, training, try_it
from scones.errors import SHOWN, InputError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from scones.console.desk import Desk

PORT = 8765
STATIC = str(resources.files(__package__).joinpath("static"))
PAGES = (try_it, executions, execution, traffic, models, training, endpoint, health)


def application(desk: Desk, token: str) -> ASGIApp:
    """The pages of one environment, behind a guard."""
    from botocore.exceptions import BotoCoreError, ClientError

    page = Page(desk)
    routes = [Route("/", lambda request: RedirectResponse("/try"))]
    for one in PAGES:
        routes += one.routes(page)

    def explained(request: Request, error: Exception) -> Response:
        told = said(error)
        if wants_data(request):
            return JSONResponse(told, 400)
        return page.show(request, "problem.html.j2", status=400, problem=told["error"], hint=told["hint"])

    handlers: dict[Any, Any] = dict.fromkeys((*SHOWN, ClientError, BotoCoreError), explained)
    handlers[404] = lambda request, error: explained(request, InputError(f"there is no page {request.url.path}"))
    return Starlette(
        routes=[*routes, Mount("/static", StaticFiles(directory=STATIC))],
        exception_handlers=handlers,
        middleware=[Middleware(security.Guard, token=token)],
    )


def serve(desk: Desk, *, port: int, say: Callable[[str], None]) -> None:
    """Serve the pages on 127.0.0.1 until Ctrl-C.

    Args:
        port: 0 takes a free one.
        say: Called with the address when the server listens.

    Raises:
        InputError: The port is taken.
    """
    import uvicorn

    token = security.new_token()
    # A page that is open when the server ends is no error: its stream is cut, and it says so itself.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "graceful shutdown exceeded" not in record.getMessage())
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError(
                f"port {port} of this machine cannot be used: {error.strerror}", hint="another one: --port 0"
            ) from None
        say(f"http://127.0.0.1:{listening.getsockname()[1]}/?{security.PARAMETER}={token}")
        config = uvicorn.Config(
            application(desk, token),
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
            server_header=False,
            lifespan="off",
        )
        uvicorn.Server(config).run(sockets=[listening])
