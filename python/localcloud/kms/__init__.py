"""KMS: moto's, judged by keys' policies and grants."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.kms import permissions, policies


def register(registry: Registry) -> None:
    """Tell the judge which permissions the operations need, and which policies keys have."""
    registry.permissions(permissions.TABLES)
    registry.policies("kms", policies.policy_of)


def install(context: Context) -> None:
    """Register; moto does the rest."""
    register(context.registry)
