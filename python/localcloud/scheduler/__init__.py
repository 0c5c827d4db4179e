"""EventBridge Scheduler: moto keeps the schedules, and here they fire."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.scheduler import firing, permissions, tags


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, and the tags of resources."""
    registry.permissions(permissions.TABLES)
    registry.tags("scheduler", tags.tags_of)


def install(context: Context) -> None:
    """Register the permissions, and let schedules fire."""
    register(context.registry)
    firing.install(context)
