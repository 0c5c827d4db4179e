"""The tags of alarms, for policies."""

from __future__ import annotations

from moto.cloudwatch.models import cloudwatch_backends


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """An alarm's tags. A dashboard has no region and no tags."""
    return dict(cloudwatch_backends[account][region].tagger.get_tag_dict_for_resource(arn)) if region else {}
