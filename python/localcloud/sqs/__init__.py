"""SQS: moto's, with its gaps closed and with checks of queues' policies and KMS keys."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.sqs import encryption, moves, permissions, policies, tags
from localcloud.sqs.gaps import attributes, owners, receiving, redrive, retention, sending, system_attributes
from localcloud.sqs.usage import QueueUsage


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, and the tags, policies and KMS keys of queues."""
    registry.permissions(permissions.TABLES)
    registry.tags("sqs", tags.tags_of)
    registry.policies("sqs", policies.policy_of)
    for action in encryption.ACTIONS:
        registry.implied(action, encryption.implied)


def install(context: Context) -> None:
    """Register the permissions and close the gaps."""
    register(context.registry)
    owners.apply()
    redrive.apply()
    attributes.apply()
    sending.apply()
    receiving.apply()
    context.at_first.setdefault("sqs", []).extend([receiving.apply_to_answers, system_attributes.apply_to_answers])
    retention.apply()
    moves.install(context)
    context.starting.append(QueueUsage(context.metrics).begin)
