"""The tags of schedule groups, for policies."""

from __future__ import annotations

from moto.scheduler.models import scheduler_backends


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """The tags of a schedule's group, or of a group."""
    kind, _, name = arn.split(":", 5)[5].partition("/")
    group = (
        arn
        if kind == "schedule-group"
        else f"arn:aws:scheduler:{region}:{account}:schedule-group/{name.partition('/')[0]}"
    )
    return dict(scheduler_backends[account][region].tagger.get_tag_dict_for_resource(group))
