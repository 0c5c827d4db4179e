"""Chooses the fleet and the variant of one request, and whether the shadow variant gets a copy.

While a deployment shifts traffic, there are two routes with a share each. Within a route, the variants' weights decide.
The shadow's share of the requests is its weight divided by the production variant's weight.
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
    """No variant can answer. The message ends before "Endpoint NAME."."""


@dataclass(frozen=True)
class Route:
    """A plan and its processes.

    Attributes:
        share: The route's share of the traffic, from 0 to 1.
    """

    plan: EndpointPlan
    fleet: Fleet
    share: float = 1.0


@dataclass(frozen=True)
class Lease:
    """The processes that are reserved for one request.

    Attributes:
        variant: The production variant.
        process: The variant's process, which must be released. None while the process is being restarted.
        plan: The plan of the variant.
        shadow: The process that gets a copy, which must be released. None if there is no copy.
        under_way: How many requests the variant's process has now, with this one.
    """

    variant: Variant
    process: ServingProcess | None
    plan: EndpointPlan
    shadow: ServingProcess | None = None
    under_way: int = 0

    @property
    def throttled(self) -> bool:
        """Whether the variant is serverless, and already has as many requests as it may have at once."""
        limits = self.variant.serverless
        return limits is not None and self.under_way > limits["MaxConcurrency"]


@dataclass
class Pending:
    """A deployment in progress.

    Attributes:
        plan: The new plan.
        since: The deployment's start.
        stage: A VariantStatus: Creating, Baking or Deleting.
        fleet: The new plan's processes, once they get traffic. None before and after.
        share: The new fleet's share of the traffic, from 0 to 1.
    """

    plan: EndpointPlan
    since: datetime
    stage: str = "Creating"
    fleet: Fleet | None = None
    share: float = 0.0


def choose(routes: Sequence[Route], target: str | None) -> Lease:
    """Choose the processes of a request, and reserve them.

    Args:
        routes: At least one.
        target: TargetVariant. None lets the weights decide.

    Raises:
        NoVariant: There is no such variant, or no variant has a weight.

    Example::

        >>> blue = Variant("Blue", "image-classification:1", "s3://bucket/model.tar.gz", 1.0, 1, None, 120, {})
        >>> plan = EndpointPlan("scones-1", (blue,), capture=None)
        >>> choose([Route(plan, {})], target=None).variant.name
        'Blue'
        >>> choose([Route(plan, {})], target="Red")
        Traceback (most recent call last):
        ...
        localcloud.sagemaker.hosting.routing.NoVariant: Variant Red not found for
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
    under_way = process.reserve() if process else 0
    if shadow:
        shadow.reserve()
    return Lease(chosen, process, route.plan, shadow, under_way)


def _variants(plan: EndpointPlan, target: str | None) -> list[Variant]:
    return [variant for variant in plan.variants if target in (None, variant.name)]
