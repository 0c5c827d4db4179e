"""The console's application, and its process.

Example (not run: it serves until Ctrl-C)::

    serve(Desk.of(settings.load("local")), port=8765, say=print)
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import uvicorn
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

    from scones.console.desk import Desk
    from scones.settings import Environment

STATIC = str(resources.files(__package__).joinpath("static"))
PAGES = (try_it, executions, execution, traffic, models, training, endpoint, health)


def application(desk: Desk, token: str) -> Starlette:
    """The pages of one environment, behind a guard. ``state.closing`` ends the streams of pages that are open."""
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
    made = Starlette(
        routes=[*routes, Mount("/static", StaticFiles(directory=STATIC))],
        exception_handlers=handlers,
        middleware=[Middleware(security.Guard, token=token)],
    )
    made.state.closing = anyio.Event()
    return made


class PageServer(uvicorn.Server):
    """A server that ends the streams of open pages when it ends. Otherwise it would wait for them, and cut them."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.closing.set()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def token_path(environment: Environment) -> Path:
    """The file with the token of an environment's console."""
    return environment.build / "console" / f"{environment.name}.token"


def serve(desk: Desk, *, port: int, say: Callable[[str], None]) -> None:
    """Serve the pages on 127.0.0.1 until Ctrl-C.

    Args:
        port: 0 takes a free one.
        say: Called with the address when the server listens.

    Raises:
        InputError: The port is taken.
    """
    with _listening(port) as place:
        server, address = _server(desk, place, security.kept_token(token_path(desk.environment)))
        say(address)
        server.run(sockets=[place])


@contextmanager
def served(desk: Desk, *, port: int = 0, token: str | None = None) -> Iterator[str]:
    """Serve the pages in a thread. Gives the address.

    Args:
        port: 0 takes a free one.
        token: The address's; None for a new one.

    Raises:
        InputError: The port is taken.
    """
    with _listening(port) as place:
        server, address = _server(desk, place, token or security.new_token())
        thread = threading.Thread(target=server.run, args=([place],), daemon=True)
        thread.start()  # a request waits until it is answered: the port listens already
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError(
                f"port {port} of this machine cannot be used: {error.strerror}", hint="another one: --port 0"
            ) from None
        place.listen()
        yield place


def _server(desk: Desk, place: socket.socket, token: str) -> tuple[Any, str]:
    """The server of a socket, and its address."""
    config = uvicorn.Config(
        application(desk, token),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        server_header=False,
        lifespan="off",
    )
    return PageServer(config), security.address(place.getsockname()[1], token)
