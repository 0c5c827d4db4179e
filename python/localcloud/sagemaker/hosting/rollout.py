"""The steps of a blue/green deployment: they move traffic to the new fleet, and alarms roll it back.

Source: SageMaker's developer guide, "Blue/Green Deployments" and "Auto-Rollback Configuration and Monitoring". Each
step is followed by a baking period of WaitIntervalInSeconds. If an alarm goes off during this period, all traffic
returns to the old fleet. The old fleet ends TerminationWaitInSeconds after the last step. According to "Exclusions",
both configurations must have the same variant names. The guide does not say what becomes of an update that has a
DeploymentConfig and other names. The local cloud refuses it, so that nobody relies on the answer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.sagemaker.exceptions import ValidationError

from localcloud.sagemaker.hosting.plan import EndpointPlan

LOOK_SECONDS = 0.2  # seconds between two looks at the alarms


class RolledBack(Exception):
    """A deployment was rolled back. The message is the endpoint's FailureReason."""


@dataclass(frozen=True)
class Rollout:
    """The steps of a deployment.

    Attributes:
        shares: The new fleet's share of the traffic after each step. The last one is 1.
        bake_seconds: The baking period after each step.
        termination_seconds: The time from the last baking period to the end of the old fleet.
        limit_seconds: The longest time for the whole deployment. None if there is no limit.
        alarms: The names of the CloudWatch alarms that roll the deployment back.
    """

    shares: tuple[float, ...] = (1.0,)
    bake_seconds: float = 0.0
    termination_seconds: float = 0.0
    limit_seconds: float | None = None
    alarms: tuple[str, ...] = ()


AT_ONCE = Rollout()


def read_rollout(config: Mapping[str, Any] | None) -> Rollout:
    """Read a DeploymentConfig. Without one, all traffic moves at once.

    Raises:
        ValidationError: SageMaker refuses the configuration, or the local cloud does not support it.

    Example::

        >>> size = {"Type": "CAPACITY_PERCENT", "Value": 10}
        >>> canary = {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": 120}
        >>> rollout = read_rollout({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": canary}})
        >>> rollout.shares, rollout.bake_seconds
        ((0.1, 1.0), 120.0)
    """
    if not config:
        return AT_ONCE
    policy = config.get("BlueGreenUpdatePolicy") or {}
    routing = policy.get("TrafficRoutingConfiguration") or {}
    alarms = (config.get("AutoRollbackConfiguration") or {}).get("Alarms") or []
    found = Rollout(
        shares=_shares(routing),
        bake_seconds=float(routing.get("WaitIntervalInSeconds") or 0),
        termination_seconds=float(policy.get("TerminationWaitInSeconds") or 0),
        limit_seconds=policy.get("MaximumExecutionTimeoutInSeconds"),
        alarms=tuple(alarm["AlarmName"] for alarm in alarms),
    )
    waits = found.bake_seconds * len(found.shares) + found.termination_seconds
    if found.limit_seconds is not None and waits >= found.limit_seconds:
        raise ValidationError(
            f"MaximumExecutionTimeoutInSeconds must be more than the sum of all waits, {waits:g} seconds; "
            f"it is {found.limit_seconds}"
        )
    return found


def check_variants(old: EndpointPlan, new: EndpointPlan, config: Mapping[str, Any] | None) -> None:
    """Check that an update with a DeploymentConfig keeps the variants' names.

    Raises:
        ValidationError: It does not.
    """
    if config and _names(old) != _names(new):
        raise ValidationError(
            f"The endpoint configuration {new.config_name} has the variants {', '.join(sorted(_names(new)))}, and "
            f"{old.config_name} has {', '.join(sorted(_names(old)))}: a deployment with a DeploymentConfig needs the "
            "same variant names. Update the endpoint without DeploymentConfig"
        )


def tripped(account: str, region: str, names: tuple[str, ...]) -> str | None:
    """The first of these alarms in ALARM state. None if there is none."""
    alarms = cloudwatch_backends[account][region].alarms
    return next((name for name in names if name in alarms and alarms[name].state_value == "ALARM"), None)


def shift(rollout: Rollout, *, give: Callable[[float], None], alarm: Callable[[], str | None]) -> None:
    """Move traffic to the new fleet step by step, with a baking period after each step.

    Args:
        give: Called at each step with the new fleet's share of the traffic.
        alarm: Returns the name of an alarm in ALARM state, or None.

    Raises:
        RolledBack: An alarm went off, or the deployment took too long.

    Example::

        >>> shift(Rollout(shares=(0.1, 1.0)), give=print, alarm=lambda: None)
        0.1
        1.0
        >>> shift(Rollout(), give=print, alarm=lambda: "errors")
        Traceback (most recent call last):
        ...
        localcloud.sagemaker.hosting.rollout.RolledBack: The deployment was rolled back because the alarm errors is in
        ALARM state.
    """
    began = time.monotonic()
    for share in rollout.shares:
        give(share)
        until = time.monotonic() + rollout.bake_seconds
        while True:
            if name := alarm():
                raise RolledBack(f"The deployment was rolled back because the alarm {name} is in ALARM state.")
            left = until - time.monotonic()
            if left <= 0:
                break
            if rollout.limit_seconds is not None and time.monotonic() - began > rollout.limit_seconds:
                raise RolledBack(f"The deployment did not complete within {rollout.limit_seconds} seconds.")
            time.sleep(min(left, LOOK_SECONDS))


def _names(plan: EndpointPlan) -> set[str]:
    return {variant.name for variant in (*plan.variants, *plan.shadows)}


def _shares(routing: Mapping[str, Any]) -> tuple[float, ...]:
    kind = routing.get("Type", "ALL_AT_ONCE")
    if kind == "CANARY":
        return (_part(routing, "CanarySize", least=0.0), 1.0)
    if kind == "LINEAR":
        step = _part(routing, "LinearStepSize", least=0.1)
        return (*(step * number for number in range(1, math.ceil(1 / step - 1e-9))), 1.0)
    return (1.0,)


def _part(routing: Mapping[str, Any], field: str, *, least: float) -> float:
    size = routing.get(field)
    if not size:
        raise ValidationError(f"{field} is required if the traffic routing type is {routing['Type']}")
    if size["Type"] != "CAPACITY_PERCENT":
        # INSTANCE_COUNT would need instances. Here a variant is one process, with a share of the traffic.
        raise ValidationError(f"{field}: the local cloud does not support {size['Type']}: use CAPACITY_PERCENT")
    share = size["Value"] / 100
    if not least <= share <= 0.5:
        raise ValidationError(f"{field} must be from {least:.0%} to 50% of the capacity; it is {share:.0%}")
    return share
