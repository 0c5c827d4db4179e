"""The tags of log groups, for policies."""

from __future__ import annotations

from moto.logs.models import logs_backends


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """The tags of a log group, by its own ARN or by that of its streams.

    AWS: CloudWatch Logs User Guide, "Tag log groups": policies with tags are for log groups.
    """
    group = ":".join(arn.split(":")[:7])
    return dict(logs_backends[account][region].tagger.get_tag_dict_for_resource(group))
