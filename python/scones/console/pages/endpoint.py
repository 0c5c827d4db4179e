"""The endpoint: its variants, an update as it goes through its stages, and its requests, errors and latency."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from scones.console import live, metrics, serving
from scones.console.page import Page
from scones.terraform import endpoint as endpoints

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

# CloudWatch has a value each minute. On AWS, each metric of a request is charged.
FRESH, CHARGED = 5.0, 60.0  # seconds between two looks at the metrics


def routes(page: Page) -> list[Route]:
    """The addresses of the page."""
    desk = page.desk

    def show(request: Request) -> Response:
        name = desk.service()["endpoint_name"]
        command = desk.command("sagemaker", "describe-endpoint", endpoint_name=name)
        return page.show(request, "endpoint.html.j2", title="Endpoint", name=name, command=command)

    def news(request: Request) -> Response:
        """The endpoint, whenever something of it changes."""
        return live.stream(request, following(page), page.pause)

    def charts(request: Request) -> Response:
        """Requests, errors and latency of the last hours."""
        name, cloudwatch = desk.service()["endpoint_name"], desk.client("cloudwatch")

        def look() -> dict[str, Any]:
            found = endpoints.describe(desk.client("sagemaker"), name) or {}
            variants = [one["VariantName"] for one in found.get("ProductionVariants", [])]
            return metrics.read(cloudwatch, name, variants, datetime.now(UTC))

        return live.stream(request, live.changes(look), CHARGED if desk.environment.costs_money else FRESH)

    return [Route("/endpoint", show), Route("/endpoint/news", news), Route("/endpoint/charts", charts)]


def following(
    page: Page, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Callable[[], Iterable[dict[str, Any]]]:
    """A function that gives the endpoint and its stages, if something of it has changed since its last call."""
    stages = serving.Stages()
    name = page.desk.service()["endpoint_name"]

    def look() -> dict[str, Any]:
        found = endpoints.describe(page.desk.client("sagemaker"), name)
        if found is None:
            return {"gone": True}
        shown = serving.described(found, page.models)
        return {"endpoint": shown, "stages": stages.take(shown, now())}

    return live.changes(look)
