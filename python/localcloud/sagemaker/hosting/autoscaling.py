"""Application Auto Scaling that scales: moto keeps targets, policies and scheduled actions, and does nothing with them.

Example::

    install(context.metrics)

AWS: Application Auto Scaling User Guide, "Target tracking scaling policies" and "Scheduled scaling". Out when a variant
had more requests an instance than the target in each of three minutes; in when it had less than nine tenths of it in
each of fifteen. A minute without a request has no data, and without data nothing is scaled in: that is what a scheduled
action is for, which sets the target's limits and brings the count within them.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.applicationautoscaling.models import FakeScalableTarget, applicationautoscaling_backends
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import sagemaker_backends

from localcloud import log
from localcloud.context import MetricStore
from localcloud.sagemaker.hosting.endpoint import Endpoint
from localcloud.sagemaker.hosting.plan import EndpointPlan
from localcloud.sagemaker.hosting.schedules import due

EVERY_SECONDS = 1.0
METRIC = "SageMakerVariantInvocationsPerInstance"
OUT_MINUTES, IN_MINUTES = 3, 15
COOLDOWN = 300  # seconds, where a policy says nothing


def install(metrics: MetricStore) -> None:
    """Look at every target of every endpoint once a second, for as long as the cloud runs."""
    scaler = Scaler(metrics)

    def run() -> None:
        while True:
            time.sleep(EVERY_SECONDS)
            try:
                scaler.look()
            except Exception as error:  # noqa: BLE001  moto's targets may change while they are walked: look again
                log.failure(error)

    threading.Thread(target=run, name="autoscaling", daemon=True).start()


def refuse_other_instances(account: str, region: str, endpoint: str, old: EndpointPlan, new: EndpointPlan) -> None:
    """Refuse an update that changes the instance type of a variant that is scaled, as SageMaker does.

    AWS: SageMaker Developer Guide, "Update endpoints that use auto scaling".

    Raises:
        AWSValidationException: it does.
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
    """How many instances a target tracking policy wants.

    Args:
        count: How many there are.
        requests: Of each of the last minutes, oldest first; None where there was none.
        target: Requests a minute an instance.
    """
    each = [None if found is None else found / count for found in requests]
    out, into = each[-OUT_MINUTES:], each[-IN_MINUTES:]
    if len(out) == OUT_MINUTES and all(found is not None and found > target for found in out):
        return math.ceil(count * out[-1] / target)
    if len(into) == IN_MINUTES and all(found is not None and found < 0.9 * target for found in into):
        return min(count, max(1, math.ceil(count * max(into) / target)))
    return count


class Scaler:
    """Brings every registered variant to the count that its policies and scheduled actions want."""

    def __init__(self, metrics: MetricStore) -> None:
        self._metrics = metrics
        self._seen = metrics.now()
        self._scaled: dict[str, float] = {}

    def look(self) -> None:
        """Look at every target once."""
        begin, end = self._seen, self._metrics.now()
        self._seen = end
        for account, regions in list(applicationautoscaling_backends.items()):
            for region, backend in list(regions.items()):
                for target in backend._flatten_scalable_targets("sagemaker"):
                    try:
                        self._look(account, region, backend, target, begin, end)
                    except Exception as error:  # noqa: BLE001  one target's fault must not end the scaling of the others
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
            except AWSValidationException as error:  # an update began meanwhile: it is tried again
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
        found: list[int | None] = []
        for minute in range(IN_MINUTES, 0, -1):
            begin = now - 60 * minute
            where = {"account": account, "region": region}
            data = self._metrics.between("AWS/SageMaker", "Invocations", dimensions, begin, begin + 60, **where)
            found.append(int(sum(datum.total for datum in data)) if data else None)
        return found

    def _cooled(self, arn: str, config: Mapping[str, Any], *, out: bool, now: float) -> bool:
        cooldown = config.get("ScaleOutCooldown" if out else "ScaleInCooldown")
        return now - self._scaled.get(arn, -math.inf) >= (COOLDOWN if cooldown is None else cooldown)
