"""SNS: moto's, judged by topics' policies and keys."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.sns import encryption, permissions, policies


def register(registry: Registry) -> None:
    """Tell the judge which permissions the operations need, and which policies and keys topics have."""
    registry.permissions(permissions.TABLES)
    registry.policies("sns", policies.policy_of)
    registry.implied("sns:Publish", encryption.implied)


def install(context: Context) -> None:
    """Register; moto does the rest."""
    register(context.registry)
