"""The policies of topics."""

from __future__ import annotations

from moto.sns.models import sns_backends

from localcloud.iam.policies import Statement, read


def policy_of(account: str, region: str, arn: str) -> tuple[Statement, ...] | None:
    """A topic's policy; None if there is no such topic."""
    topic = sns_backends[account][region].topics.get(arn)
    return read(topic.policy, f"topic/{topic.name}") if topic else None
