"""A deployment's steps: how traffic moves from the old fleet to the new one, and what turns it back.

Example::

    rollout = read_rollout(deployment_config)       # Rollout(shares=(0.1, 1.0), bake_seconds=120.0, …)

SageMaker's developer guide, "Blue/Green Deployments" and "Auto-Rollback Configuration and Monitoring": after each step
a baking period of WaitIntervalInSeconds, in which an alarm that trips sends all traffic back to the old fleet; that one
ends TerminationWaitInSeconds after the last. "Exclusions" asks for the same variant names on both sides: between others
the local cloud deploys as it says of what is excluded, all at once with no baking period.
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

LOOK_SECONDS = 0.2  # how often alarms are looked at while a deployment bakes


class RolledBack(Exception):
    """A deployment that was turned back; the message is the endpoint's FailureReason."""


@dataclass(frozen=True)
class Rollout:
    """How a deployment goes.

    Attributes:
        shares: The new fleet's share of traffic after each step; the last one is 1.
        bake_seconds: How long alarms are watched after each step.
        termination_seconds: How long the old fleet is kept after the last one.
        limit_seconds: How long all of it may take; None where it has no limit.
        alarms: The CloudWatch alarms that turn it back.
    """

    shares: tuple[float, ...] = (1.0,)
    bake_seconds: float = 0.0
    termination_seconds: float = 0.0
    limit_seconds: float | None = None
    alarms: tuple[str, ...] = ()


AT_ONCE = Rollout()


def read_rollout(config: Mapping[str, Any] | None) -> Rollout:
    """A DeploymentConfig's steps.

    Raises:
        ValidationError: it asks for what the local cloud cannot do, or for what SageMaker refuses.
    """
    if not config:
        return AT_ONCE
    if config.get("RollingUpdatePolicy"):
        raise ValidationError("the local cloud does not support RollingUpdatePolicy: use BlueGreenUpdatePolicy")
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
            f"MaximumExecutionTimeoutInSeconds must be more than all waiting together: it is {found.limit_seconds}, "
            f"they are {waits:g} seconds"
        )
    return found


def between(old: EndpointPlan, new: EndpointPlan, rollout: Rollout) -> Rollout:
    """The rollout as it applies from one plan to another: guardrails need the same variants on both sides."""
    return rollout if _names(old) == _names(new) else AT_ONCE


def tripped(account: str, region: str, names: tuple[str, ...]) -> str | None:
    """The first of these alarms whose state is ALARM."""
    alarms = cloudwatch_backends[account][region].alarms
    return next((name for name in names if name in alarms and alarms[name].state_value == "ALARM"), None)


def shift(rollout: Rollout, *, give: Callable[[float], None], alarm: Callable[[], str | None]) -> None:
    """Give the new fleet its traffic step by step, and bake after each.

    Args:
        rollout: The steps.
        give: Called with the new fleet's share of traffic at each.
        alarm: The alarm that has tripped, if one has.

    Raises:
        RolledBack: an alarm tripped, or it took too long.
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
        raise ValidationError(f"{field} is required where the traffic routing type is {routing['Type']}")
    if size["Type"] != "CAPACITY_PERCENT":
        # One process serves a variant, whatever its instance count: it has a share of traffic, and no instances.
        raise ValidationError(f"{field}: the local cloud does not support {size['Type']}: use CAPACITY_PERCENT")
    share = size["Value"] / 100
    if not least <= share <= 0.5:
        raise ValidationError(f"{field} must be from {least:.0%} to 50% of the capacity; it is {share:.0%}")
    return share
