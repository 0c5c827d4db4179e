"""The permissions of EventBridge's operations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from localcloud.iam.needs import Asked, Given, Need, on, passing


def rule(asked: Asked) -> Iterable[str]:
    """A rule's ARN. It includes the bus unless that is the default bus."""
    place, bus = _placed(asked.value("EventBusName") or "default", asked)
    name = asked.value("Rule") or asked.value("Name") or "*"
    return [f"{place}:rule/{name if bus == 'default' else f'{bus}/{name}'}"]


def _placed(called: str, asked: Asked) -> tuple[str, str]:
    """The begin of the ARNs of a bus and its rules, and the bus's name. A bus is called by its name or ARN."""
    parts = called.split(":", 5)
    if len(parts) == 6:
        return ":".join(parts[:5]), parts[5].removeprefix("event-bus/")
    return f"arn:aws:events:{asked.region}:{asked.account}", called


def _bus(path: str) -> Callable[[Asked], Iterable[str]]:
    def arns(asked: Asked) -> Iterable[str]:
        buses = dict.fromkeys(_placed(name, asked) for name in asked.values(path) or ["default"])
        return [f"{place}:event-bus/{name}" for place, name in buses]

    return arns


def _own(asked: Asked) -> Given:
    """A rule of this account's own: the local cloud has no other."""
    return {"events:creatoraccount": (asked.account,)}


def _putting(asked: Asked) -> Given:
    """The condition keys of what a new rule matches."""
    try:
        pattern = json.loads(asked.value("EventPattern") or "{}")
    except ValueError:
        pattern = {}
    found = _own(asked)
    for path in ("source", "detail-type", "detail.service", "detail.eventTypeCode", "detail.userIdentity.principalId"):
        inner: Any = pattern
        for name in path.split("."):
            inner = inner.get(name) if isinstance(inner, dict) else None
        if values := tuple(one for one in inner or () if isinstance(one, str)):
            found[f"events:{path}".lower()] = values
    return found


def _sending(asked: Asked) -> Given:
    found = {"events:source": asked.values("Entries.Source"), "events:detail-type": asked.values("Entries.DetailType")}
    return {key: tuple(dict.fromkeys(values)) for key, values in found.items() if values}


def _targets(asked: Asked) -> Given:
    arns = tuple(asked.values("Targets.Arn"))
    return _own(asked) | ({"events:targetarn": arns} if arns else {})


TABLE = {
    "PutRule": (
        Need("events:PutRule", (rule,), _putting),
        Need("events:TagResource", (rule,), when="Tags"),
        passing("RoleArn", "events.amazonaws.com"),
    ),
    "PutTargets": (
        Need("events:PutTargets", (rule,), _targets),
        passing("Targets.RoleArn", "events.amazonaws.com"),
    ),
    **on(
        rule,
        "events",
        "DeleteRule",
        "DescribeRule",
        "DisableRule",
        "EnableRule",
        "ListTargetsByRule",
        "RemoveTargets",
        context=_own,
    ),
    **on("{ResourceARN}", "events", "ListTagsForResource", "TagResource", "UntagResource", context=_own),
    "PutEvents": (Need("events:PutEvents", (_bus("Entries.EventBusName"),), _sending),),
    "CreateEventBus": (
        Need("events:CreateEventBus", (_bus("Name"),)),
        Need("events:TagResource", (_bus("Name"),), when="Tags"),
    ),
    **{name: (Need(f"events:{name}", (_bus("Name"),)),) for name in ("DeleteEventBus", "DescribeEventBus")},
    **on("*", "events", "ListEventBuses", "ListRuleNamesByTarget", "ListRules"),
}

TABLES = {"events": TABLE}
