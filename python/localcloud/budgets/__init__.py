"""AWS Budgets: moto's, with its gap closed and with permission checks.

The local cloud has no costs, so a budget never sends a notification.
"""

from __future__ import annotations

from localcloud.budgets import permissions, tags
from localcloud.budgets.gaps import changes
from localcloud.context import Context
from localcloud.iam.registry import Registry


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, and the tags of resources."""
    registry.permissions(permissions.TABLES)
    registry.tags("budgets", tags.tags_of)


def install(context: Context) -> None:
    """Register the permissions and close the gap."""
    register(context.registry)
    changes.apply()
