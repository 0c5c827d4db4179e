"""Cost Explorer: moto's, with its gap closed, judged."""

from __future__ import annotations

from localcloud.ce import permissions
from localcloud.ce.gaps import cost_allocation_tags
from localcloud.context import Context
from localcloud.iam.registry import Registry


def register(registry: Registry) -> None:
    """Tell the judge which permissions the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register, and close the gap."""
    register(context.registry)
    cost_allocation_tags.apply()
