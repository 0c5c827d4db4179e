"""Application Auto Scaling of endpoints. moto stores targets, policies and scheduled actions, but never scales.

AWS: Application Auto Scaling User Guide, "Target tracking scaling policies" and "Scheduled scaling". A variant scales
out if it had more requests per instance than the target in each of the last 3 minutes. It scales in if it had less than
90% of the target in each of the last 15 minutes. A minute without a request has no data, and a variant without data
does not scale in. A scheduled action helps here: it sets the target's limits, and the count follows them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.applicationautoscaling.models import FakeScalableTarget, applicationautoscaling_backends
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import sagemaker_backends

from localcloud import log
from localcloud.context import MetricStore
from localcloud.durability.upkeep import every
from localcloud.sagemaker.hosting.endpoint import Endpoint
from localcloud.sagemaker.hosting.plan import EndpointPlan
from localcloud.sagemaker.hosting.schedules import due

EVERY_SECONDS = 1.0
METRIC = "SageMakerVariantInvocationsPerInstance"
OUT_MINUTES, IN_MINUTES = 3, 15
COOLDOWN = 300  # seconds; the default of a policy


def install(metrics: MetricStore) -> None:
    """Start a thread that looks at every scalable target once a second."""
    every(EVERY_SECONDS, Scaler(metrics).look)


def refuse_other_instances(account: str, region: str, endpoint: str, old: EndpointPlan, new: EndpointPlan) -> None:
    """Refuse an update that changes the instance type of a scaled variant.

    AWS: SageMaker Developer Guide, "Update endpoints that use auto scaling".

    Raises:
        AWSValidationException: A variant is a scalable target and its instance type differs between the plans.
    """
    targets = applicationautoscaling_backends[account][region]._flatten_scalable_targets("sagemaker")
    scaled = {target.resource_id for target in targets}
    before = {variant.name: variant.instance_type for variant in old.variants}
    for variant in new.variants:
        resource = f"endpoint/{endpoint}/variant/{variant.name}"
        if resource in scaled and before.get(variant.name, variant.instance_type) != variant.instance_type:
            raise AWSValidationException(
                f"The instance type of variant {variant.name} cannot change from {before[variant.name]} to "
                f"{variant.instance_type} while {resource} is a scalable target: deregister it first."
            )


def tracked(count: int, requests: Sequence[int | None], target: float) -> int:
    """The instance count that a target tracking policy asks for.

    Args:
        count: The current instance count.
        requests: The number of requests in each of the last minutes, oldest first. None for a minute without data.
        target: Requests per minute and instance.

    Example::

        >>> tracked(2, [None, 300, 300, 320], target=100)
        4
        >>> tracked(2, [40] * 15, target=100)
        1
        >>> tracked(2, [None] * 15, target=100)
        2
    """
    each = [None if found is None else found / count for found in requests]
    out = [found for found in each[-OUT_MINUTES:] if found is not None]
    into = [found for found in each[-IN_MINUTES:] if found is not None]
    if len(out) == OUT_MINUTES and all(found > target for found in out):
        return math.ceil(count * out[-1] / target)
    if len(into) == IN_MINUTES and all(found < 0.9 * target for found in into):
        return min(count, max(1, math.ceil(count * max(into) / target)))
    return count


class Scaler:
    """Sets the instance count of every registered variant according to its policies and scheduled actions."""

    def __init__(self, metrics: MetricStore) -> None:
        self._metrics = metrics
        self._seen = metrics.now()
        self._scaled: dict[str, float] = {}

    def look(self) -> None:
        """Evaluate every scalable target once."""
        begin, end = self._seen, self._metrics.now()
        self._seen = end
        for account, regions in list(applicationautoscaling_backends.items()):
            for region, backend in list(regions.items()):
                for target in backend._flatten_scalable_targets("sagemaker"):
                    try:
                        self._look(account, region, backend, target, begin, end)
                    except Exception as error:  # noqa: BLE001  a fault of one target must not stop the others
                        log.failure(error)

    def _look(
        self, account: str, region: str, backend: Any, target: FakeScalableTarget, begin: float, end: float
    ) -> None:
        _, name, _, variant_name = target.resource_id.split("/")
        endpoint = sagemaker_backends[account][region].endpoints.get(name)
        if not isinstance(endpoint, Endpoint) or endpoint.endpoint_status != "InService":
            return
        variant = next((one for one in endpoint.plan.variants if one.name == variant_name), None)
        if variant is None or not variant.instance_count:
            return
        acted = self._schedules(backend, target, begin, end)
        wanted = variant.instance_count
        policies = [policy for policy in backend.policies.values() if policy.resource_id == target.resource_id]
        dimensions = {"EndpointName": name, "VariantName": variant_name}
        for policy in policies:
            config = policy.target_tracking_scaling_policy_configuration or {}
            if (config.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType") == METRIC:
                requests = self._requests(dimensions, end, account, region)
                proposed = tracked(variant.instance_count, requests, float(config["TargetValue"]))
                if self._cooled(target.arn, config, out=proposed > wanted, now=end):
                    wanted = proposed
        if policies or acted:
            wanted = min(max(wanted, target.min_capacity), target.max_capacity)
        if wanted != variant.instance_count:
            self._scaled[target.arn] = end
            try:
                endpoint.scale([{"VariantName": variant_name, "DesiredInstanceCount": wanted}])
            except AWSValidationException as error:  # an update has just begun: a later look tries again
                log.line(f"autoscaling of {target.resource_id} waits: {error}")

    def _schedules(self, backend: Any, target: FakeScalableTarget, begin: float, end: float) -> bool:
        acted = False
        for action in backend.scheduled_actions:
            span = (datetime.fromtimestamp(begin, UTC), datetime.fromtimestamp(end, UTC))
            since = datetime.fromtimestamp(action.creation_time, UTC)
            if action.resource_id == target.resource_id and due(action.schedule, action.timezone, *span, since=since):
                limits = action.scalable_target_action or {}
                target.update(limits.get("MinCapacity"), limits.get("MaxCapacity"), None)
                acted = True
        return acted

    def _requests(self, dimensions: Mapping[str, str], now: float, account: str, region: str) -> list[int | None]:
        """The requests of each minute whose data are there."""
        found: list[int | None] = []
        where = {"account": account, "region": region}
        now -= self._metrics.late("AWS/SageMaker", "Invocations", dimensions, **where)
        for minute in range(IN_MINUTES, 0, -1):
            begin = now - 60 * minute
            data = self._metrics.between("AWS/SageMaker", "Invocations", dimensions, begin, begin + 60, **where)
            found.append(int(sum(datum.total for datum in data)) if data else None)
        return found

    def _cooled(self, arn: str, config: Mapping[str, Any], *, out: bool, now: float) -> bool:
        cooldown = config.get("ScaleOutCooldown" if out else "ScaleInCooldown")
        return now - self._scaled.get(arn, -math.inf) >= (COOLDOWN if cooldown is None else cooldown)
