"""SNS: moto's, with its gaps closed and with checks of topics' policies and KMS keys."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.sns import encryption, functions, permissions, policies, tags
from localcloud.sns.gaps import publish, sent


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, and the tags, policies and KMS keys of topics."""
    registry.permissions(permissions.TABLES)
    registry.tags("sns", tags.tags_of)
    registry.policies("sns", policies.policy_of)
    registry.implied("sns:Publish", encryption.implied)


def install(context: Context) -> None:
    """Register the permissions, close moto's gaps, and let topics invoke functions. moto does the rest."""
    register(context.registry)
    publish.apply()
    sent.apply()
    functions.install(context)
