"""What every page has: its frame, its templates, and the desk that it asks.

Example (not run: it needs a running cloud)::

    page = Page(Desk.of(settings.load("local")))
    page.show(request, "executions.html.j2", title="Executions")
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from scones.console.live import text
from scones.console.serving import ServedModels
from scones.console.watch import ExecutionWatches
from scones.errors import InputError

if TYPE_CHECKING:
    from starlette.requests import Request

    from scones.console.desk import Desk

#: The pages that the frame links to, with their paths.
MENU = (
    ("Try it", "/try"),
    ("Executions", "/executions"),
    ("Traffic", "/traffic"),
    ("Models", "/models"),
    ("Training", "/training"),
    ("Endpoint", "/endpoint"),
    ("Health", "/health"),
)
#: Seconds between two looks at a cloud that charges for nothing, and at one whose calls are counted.
QUICK, SPARING = 0.2, 1.5


class OnlyLooks(InputError):
    """A change that is not allowed here."""


@dataclass
class Page:
    """The frame of all pages.

    Attributes:
        desk: The environment.
        watches: The executions that were looked at last.
    """

    desk: Desk
    watches: ExecutionWatches = field(default_factory=ExecutionWatches)

    def __post_init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("scones.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    @cached_property
    def models(self) -> ServedModels:
        """The models of endpoint configurations, each of which is read once."""
        return ServedModels(self.desk.client("sagemaker"))

    @property
    def pause(self) -> float:
        """Seconds between two looks at what changes."""
        return SPARING if self.desk.environment.costs_money else QUICK

    def show(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page in the frame."""
        path = request.url.path
        shown = {
            "environment": self.desk.environment.name,
            "may_write": self.desk.may_write,
            "costs_money": self.desk.environment.costs_money,
            "menu": [(title, where, path == where) for title, where in MENU],
            **values,
        }
        return HTMLResponse(self._templates.get_template(template).render(shown), status)

    def check_write(self) -> None:
        """Check that the pages may change something.

        Raises:
            OnlyLooks: They may not.
        """
        if not self.desk.may_write:
            raise OnlyLooks(
                f"this console only looks at environment '{self.desk.environment.name}'",
                hint="to change something, start it with: invoke console --write",
            )


def wants_data(request: Request) -> bool:
    """Whether a request is a script's, which reads JSON, and not a person's, who reads a page."""
    return request.method != "GET" or "text/html" not in request.headers.get("accept", "")


def data(value: Any) -> Response:
    """An answer in JSON."""
    return Response(text(value), media_type="application/json")


def asked(request: Request, name: str) -> str:
    """A parameter of the address.

    Raises:
        InputError: It is missing.
    """
    found = request.query_params.get(name)
    if not found:
        raise InputError(f"the address lacks '{name}'")
    return found


def number(request: Request, name: str) -> int:
    """A whole number among the parameters of the address.

    Raises:
        InputError: It is missing, or no whole number.
    """
    found = asked(request, name)
    if not found.isdecimal():
        raise InputError(f"'{name}' is {found[:40]!r}; it must be a whole number")
    return int(found)


async def body(request: Request, most: int = 1 << 20) -> dict[str, Any]:
    """The JSON object that a request brings.

    Raises:
        InputError: It brings something else, or too much.
    """
    content = await whole(request, most)
    try:
        found = json.loads(content or b"{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InputError("the request's body is no JSON object")
    return found


async def whole(request: Request, most: int) -> bytes:
    """The bytes that a request brings.

    Raises:
        InputError: They are too many.
    """
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > most:
            raise InputError(f"that is more than {most // (1 << 20)} MB")
    return bytes(content)
