"""Cost Explorer: moto's, with its gap closed and with permission checks."""

from __future__ import annotations

from localcloud.ce import permissions
from localcloud.ce.gaps import cost_allocation_tags
from localcloud.context import Context
from localcloud.iam.registry import Registry


def register(registry: Registry) -> None:
    """Register the permissions that the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register the permissions and close the gap."""
    register(context.registry)
    cost_allocation_tags.apply()
