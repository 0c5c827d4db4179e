"""Health: alarms, the budget, the inbox's queues, and what IAM has refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from localcloud import control
from scones.console import condition, live, refused
from scones.console.page import Page, data

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

# Alarms are judged each minute at most. On AWS, requests to CloudWatch and SQS are charged.
FRESH, CHARGED = 2.0, 30.0  # seconds between two looks


def routes(page: Page) -> list[Route]:
    """The addresses of the page."""
    desk = page.desk

    def show(request: Request) -> Response:
        return page.show(
            request,
            "health.html.j2",
            title="Health",
            arrives=bool(desk.service().get("arrival")),
            has_log=desk.environment.cloud_path is not None,
            region=desk.environment.region,
        )

    def news(request: Request) -> Response:
        """Alarms, queues and refusals, whenever one of them changes."""
        return live.stream(request, following(page), CHARGED if desk.environment.costs_money else FRESH)

    def budget(request: Request) -> Response:
        return data(condition.spent(desk))

    return [Route("/health", show), Route("/health/news", news), Route("/health/budget", budget)]


def following(
    page: Page, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Callable[[], Iterable[dict[str, Any]]]:
    """A function that gives the parts of the page that have changed since its last call."""
    desk = page.desk
    place = desk.environment.cloud_path
    tail = refused.Tail(place.with_name(control.LOG)) if place else None
    log = refused.IamRefusals()
    arrival = desk.service().get("arrival")

    def refusals() -> list[dict[str, Any]]:
        if tail is not None:
            log.take(tail.read())
        return log.newest()

    parts: dict[str, Callable[[], Iterable[Any]]] = {
        "alarms": live.changes(lambda: condition.alarms(desk.client("cloudwatch"), desk.environment.workload)),
        "queues": live.changes(lambda: condition.queues(desk.client("sqs"), desk.client("cloudwatch"), arrival, now())),
        "refusals": live.changes(refusals),
    }

    def look() -> list[dict[str, Any]]:
        return [{name: value} for name, part in parts.items() for value in part()]

    return look
