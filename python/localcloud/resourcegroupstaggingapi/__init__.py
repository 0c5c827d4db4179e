"""The Resource Groups Tagging API: moto's, with permission checks."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.resourcegroupstaggingapi import permissions
from localcloud.resourcegroupstaggingapi.gaps import filters


def register(registry: Registry) -> None:
    """Register the permissions that the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register the permissions, and close the gap. moto does the rest."""
    register(context.registry)
    context.at_first.setdefault("resourcegroupstaggingapi", []).append(filters.apply_to_answers)
