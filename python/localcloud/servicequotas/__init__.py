"""Service Quotas: how many instances of a type SageMaker's training jobs may have at once. The jobs keep to it.

A new AWS account has a quota of 0 for most GPU instances. Here every quota is 100, unless the cloud is told otherwise:
``invoke local.quota``.
"""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.servicequotas import operations, permissions


def register(registry: Registry) -> None:
    """Register the permissions that the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register the permissions, and answer with the quotas that the cloud keeps to."""
    register(context.registry)
    operations.install(context.place(operations.FILE))
