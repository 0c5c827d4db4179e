"""SQS: moto's, with one gap closed, judged by queues' policies and keys."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.sqs import encryption, permissions, policies
from localcloud.sqs.gaps import attributes


def register(registry: Registry) -> None:
    """Tell the judge which permissions the operations need, and which policies and keys queues have."""
    registry.permissions(permissions.TABLES)
    registry.policies("sqs", policies.policy_of)
    for action in encryption.ACTIONS:
        registry.implied(action, encryption.implied)


def install(context: Context) -> None:
    """Register, and close the gap."""
    register(context.registry)
    attributes.apply()
