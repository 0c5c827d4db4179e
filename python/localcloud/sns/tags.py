"""The tags of topics, for policies."""

from __future__ import annotations

from moto.sns.models import sns_backends


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """A topic's tags; none if there is no such topic."""
    topic = sns_backends[account][region].topics.get(arn)
    return dict(topic._tags or {}) if topic else {}
