"""KMS: moto's, with its gaps closed and with permission checks by keys' policies and grants."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.kms import kept, keys, permissions, places, policies
from localcloud.kms.gaps import absent_keys, key_arns


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, the policies and tags of keys, and what is refused."""
    registry.permissions(permissions.TABLES)
    registry.tags("kms", keys.tags_of)
    registry.policies("kms", policies.policy_of)
    registry.refusing("kms", places.refused)


def install(context: Context) -> None:
    """Register the permissions, close the gaps, and say how keys are kept. moto does the rest."""
    register(context.registry)
    absent_keys.apply()
    key_arns.apply()
    kept.install(context)
