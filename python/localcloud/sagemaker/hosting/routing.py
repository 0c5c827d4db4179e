"""Where one request goes: which fleet, which variant, and whether the shadow gets a copy.

Example::

    lease = choose([Route(plan, fleet)], target=None)       # Lease(variant=Variant('AllTraffic', …), process=…, …)

While a deployment shifts traffic there are two routes. Among the production variants the weights decide; a shadow gets
as large a share of the requests as its weight is of the production variant's.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from localcloud.sagemaker.hosting.deployment import Fleet
from localcloud.sagemaker.hosting.plan import EndpointPlan, Variant
from localcloud.sagemaker.hosting.serving import ServingProcess


class NoVariant(Exception):
    """No variant may answer; the message says why."""


@dataclass(frozen=True)
class Route:
    """A plan, its processes, and the share of traffic that goes there."""

    plan: EndpointPlan
    fleet: Fleet
    share: float = 1.0


@dataclass(frozen=True)
class Lease:
    """What answers one request.

    Attributes:
        variant: The production variant that it goes to.
        process: Its process, which is not ended meanwhile; None where that is being restarted.
        plan: The plan that the variant is of.
        shadow: The process that a copy goes to, reserved until somebody releases it; None where no copy is made.
    """

    variant: Variant
    process: ServingProcess | None
    plan: EndpointPlan
    shadow: ServingProcess | None = None


@dataclass
class Pending:
    """A deployment under way: what it is to become, since when, its stage, and what it has of the traffic."""

    plan: EndpointPlan
    since: datetime
    stage: str = "Creating"
    fleet: Fleet | None = None
    share: float = 0.0


def choose(routes: Sequence[Route], target: str | None) -> Lease:
    """What a request goes to, its processes reserved.

    Args:
        routes: At least one.
        target: TargetVariant; by default the weights decide.

    Raises:
        NoVariant: there is no such variant, or no weight.
    """
    named = [route for route in routes if _variants(route.plan, target)]
    if not named:
        raise NoVariant(f"Variant {target} not found for")
    (route,) = random.choices(named, [route.share for route in named] if any(route.share for route in named) else None)
    variants = _variants(route.plan, target)
    weights = [1.0] if target else [variant.weight for variant in variants]
    if not sum(weights):
        raise NoVariant("No variant has a weight above 0 in")
    (chosen,) = random.choices(variants, weights)
    process, shadow = route.fleet.get(chosen.name), None
    if route.plan.shadows and chosen.weight and random.random() < route.plan.shadows[0].weight / chosen.weight:
        shadow = route.fleet.get(route.plan.shadows[0].name)
    for reserved in filter(None, (process, shadow)):
        reserved.reserve()
    return Lease(chosen, process, route.plan, shadow)


def _variants(plan: EndpointPlan, target: str | None) -> list[Variant]:
    return [variant for variant in plan.variants if target in (None, variant.name)]
