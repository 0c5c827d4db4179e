"""The permissions of EventBridge's operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from localcloud.iam.needs import Asked, Need, on, passing


def rule(asked: Asked) -> Iterable[str]:
    """A rule's ARN. It includes the bus unless that is the default bus."""
    bus = (asked.value("EventBusName") or "default").rpartition("/")[2]
    name = asked.value("Rule") or asked.value("Name") or "*"
    return [f"arn:aws:events:{asked.region}:{asked.account}:rule/{name if bus == 'default' else f'{bus}/{name}'}"]


def _bus(path: str) -> Callable[[Asked], Iterable[str]]:
    def arns(asked: Asked) -> Iterable[str]:
        names = dict.fromkeys(name.rpartition("/")[2] for name in asked.values(path) or ["default"])
        return [f"arn:aws:events:{asked.region}:{asked.account}:event-bus/{name}" for name in names]

    return arns


TABLE = {
    "PutRule": (
        Need("events:PutRule", (rule,)),
        Need("events:TagResource", (rule,), when="Tags"),
        passing("RoleArn", "events.amazonaws.com"),
    ),
    "PutTargets": (
        Need("events:PutTargets", (rule,), {"events:targetarn": "{Targets.Arn}"}),
        passing("Targets.RoleArn", "events.amazonaws.com"),
    ),
    **on(
        rule, "events", "DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "ListTargetsByRule", "RemoveTargets"
    ),
    **on("{ResourceARN}", "events", "ListTagsForResource", "TagResource", "UntagResource"),
    "PutEvents": (Need("events:PutEvents", (_bus("Entries.EventBusName"),)),),
    "CreateEventBus": (
        Need("events:CreateEventBus", (_bus("Name"),)),
        Need("events:TagResource", (_bus("Name"),), when="Tags"),
    ),
    **{name: (Need(f"events:{name}", (_bus("Name"),)),) for name in ("DeleteEventBus", "DescribeEventBus")},
    **on("*", "events", "ListEventBuses", "ListRuleNamesByTarget", "ListRules"),
}

TABLES = {"events": TABLE}
