"""The registered versions: what they measure, what is pinned, what serves, and the plan that a promotion would be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from scones.console import registered, serving
from scones.console.page import Page, data, number
from scones.errors import RegistryError
from scones.model.registry import Version, read_pin
from scones.model.registry.versions import listed
from scones.service import ab

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

EVALUATION = "evaluation.json"  # as invoke evaluate names it


def routes(page: Page) -> list[Route]:
    """The addresses of the page."""
    desk = page.desk

    def versions() -> list[Version]:
        return listed(desk.client("sagemaker"), desk.outputs("foundation")["model_package_group_name"])

    def show(request: Request) -> Response:
        found, now = versions(), standing(page)
        wanted = _wanted(request, found, now)
        environment = desk.environment
        return page.show(
            request,
            "models.html.j2",
            title="Models",
            rows=[registered.row(one, now) for one in found],
            chosen=registered.detail(wanted, now, environment) if wanted else None,
            direction=registered.direction(wanted, found, now) if wanted else "",
            measured=registered.measured(environment.build / EVALUATION, wanted.arn) if wanted else None,
            threshold=float(environment.service["confidence_threshold"]),
        )

    async def plan(request: Request) -> Response:
        """Terraform's plan with another version. It changes nothing."""

        def make() -> dict[str, Any]:
            return registered.plan(desk.environment, registered.chosen(versions(), number(request, "version")))

        return data(await run_in_threadpool(make))

    return [Route("/models", show), Route("/models/plan", plan, methods=["POST"])]


def standing(page: Page) -> registered.ModelStanding:
    """Which versions are pinned, compared and served. Without a pin or an endpoint there are none."""
    desk = page.desk
    try:
        pinned = read_pin(desk.environment.pin_path).package_arn
    except RegistryError:
        pinned = None
    candidate = ab.read(desk.environment.candidate_path)
    return registered.ModelStanding(
        pinned,
        candidate.model.package_arn if candidate else None,
        candidate.share if candidate else 0,
        serving.answering(desk.client("sagemaker"), page.models, desk.endpoint()),
    )


def _wanted(request: Request, found: list[Version], now: registered.ModelStanding) -> Version | None:
    """The version of the address, else the pinned one, else the newest. None if there is none at all."""
    if request.query_params.get("version"):
        return registered.chosen(found, number(request, "version"))
    return next((one for one in found if one.arn == now.pinned), found[0] if found else None)
