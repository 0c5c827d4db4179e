"""The Resource Groups Tagging API: moto's, judged."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.resourcegroupstaggingapi import permissions


def register(registry: Registry) -> None:
    """Tell the judge which permissions the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register; moto does the rest."""
    register(context.registry)
