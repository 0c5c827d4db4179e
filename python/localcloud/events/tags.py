"""The tags of rules and event buses, for policies."""

from __future__ import annotations

from moto.events.models import events_backends


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """The tags of a rule or of an event bus."""
    return dict(events_backends[account][region].tagger.get_tag_dict_for_resource(arn))
