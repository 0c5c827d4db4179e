"""AWS Budgets: moto's, with its gap closed, judged. It measures no costs, so it tells nobody."""

from __future__ import annotations

from localcloud.budgets import permissions
from localcloud.budgets.gaps import changes
from localcloud.context import Context
from localcloud.iam.registry import Registry


def register(registry: Registry) -> None:
    """Tell the judge which permissions the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register, and close the gap."""
    register(context.registry)
    changes.apply()
