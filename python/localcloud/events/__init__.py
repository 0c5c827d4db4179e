"""EventBridge that delivers: a rule's targets may be state machines, functions, topics and queues."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.events import delivery, permissions, policies
from localcloud.iam.registry import Registry


def register(registry: Registry) -> None:
    """Tell the judge which permissions the operations need, and which policies buses have."""
    registry.permissions(permissions.TABLES)
    registry.policies("events", policies.policy_of)


def install(context: Context) -> None:
    """Register, and let rules deliver."""
    register(context.registry)
    delivery.install(context)
