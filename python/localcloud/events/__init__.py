"""EventBridge that delivers events: to state machines, functions, topics and queues."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.events import delivery, permissions, policies
from localcloud.events.gaps import details
from localcloud.iam.registry import Registry


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, and the policies of event buses."""
    registry.permissions(permissions.TABLES)
    registry.policies("events", policies.policy_of)


def install(context: Context) -> None:
    """Register the permissions, close moto's gap, and let rules deliver events."""
    register(context.registry)
    details.apply()
    delivery.install(context)
