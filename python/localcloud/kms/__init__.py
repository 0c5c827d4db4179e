"""KMS: moto's, with its gap closed and with permission checks by keys' policies and grants."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.kms import kept, keys, permissions, policies
from localcloud.kms.gaps import absent_keys


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, and the policies and the tags of keys."""
    registry.permissions(permissions.TABLES)
    registry.tags("kms", keys.tags_of)
    registry.policies("kms", policies.policy_of)


def install(context: Context) -> None:
    """Register the permissions, close the gap, and say how keys are kept. moto does the rest."""
    register(context.registry)
    absent_keys.apply()
    kept.install(context)
