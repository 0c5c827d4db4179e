"""The policies of queues."""

from __future__ import annotations

from moto.sqs.models import sqs_backends

from localcloud.iam.policies import Statement, read


def policy_of(account: str, region: str, arn: str) -> tuple[Statement, ...] | None:
    """A queue's policy; None if it has none."""
    queue = sqs_backends[account][region].queues.get(arn.rpartition(":")[2])
    return read(queue.policy, f"queue/{queue.name}") if queue and queue.policy else None
