"""EventBridge Scheduler: moto keeps the schedules, and here they fire."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.scheduler import firing, permissions


def register(registry: Registry) -> None:
    """Register the permissions that the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register the permissions, and let schedules fire."""
    register(context.registry)
    firing.install(context)
