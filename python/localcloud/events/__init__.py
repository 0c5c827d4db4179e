"""EventBridge that delivers events, and whose scheduled rules fire."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.events import delivery, permissions, policies, schedules, tags
from localcloud.events.gaps import details, patterns
from localcloud.events.gaps import policies as bus_policies
from localcloud.iam.registry import Registry


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, the tags of resources, and the policies of event buses."""
    registry.permissions(permissions.TABLES)
    registry.tags("events", tags.tags_of)
    registry.policies("events", policies.policy_of)


def install(context: Context) -> None:
    """Register the permissions, close moto's gaps, and let rules deliver events and fire."""
    register(context.registry)
    details.apply()
    patterns.apply()
    bus_policies.apply()
    context.at_first.setdefault("events", []).append(patterns.apply_to_answers)
    schedules.install(context, delivery.install(context))
