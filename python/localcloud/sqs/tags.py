"""The tags of queues, for policies."""

from __future__ import annotations

from moto.sqs.models import sqs_backends


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """A queue's tags; none if there is no such queue."""
    queue = sqs_backends[account][region].queues.get(arn.split(":", 5)[5])
    return dict(queue.tags) if queue else {}
