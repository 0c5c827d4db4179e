"""The permissions of X-Ray's operations."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.iam.needs import Asked, Need, on


def _sampling_rule(asked: Asked) -> Iterable[str]:
    paths = (
        "RuleARN",
        "RuleName",
        "SamplingRule.RuleName",
        "SamplingRuleUpdate.RuleARN",
        "SamplingRuleUpdate.RuleName",
    )
    name = next((value for path in paths for value in asked.values(path)), "*")
    return [name if name.startswith("arn:") else f"arn:aws:xray:{asked.region}:{asked.account}:sampling-rule/{name}"]


def _trace_group(asked: Asked) -> Iterable[str]:
    """A group's ARN. It ends in an identifier that does not follow from the name, so that part is ``*``."""
    given = asked.value("GroupARN")
    name = asked.value("GroupName") or "*"
    return [given or f"arn:aws:xray:{asked.region}:{asked.account}:group/{name}/*"]


TABLE = {
    "CreateSamplingRule": (
        Need("xray:CreateSamplingRule", (_sampling_rule,)),
        Need("xray:TagResource", (_sampling_rule,), when="Tags"),
    ),
    **on(_sampling_rule, "xray", "DeleteSamplingRule", "UpdateSamplingRule"),
    "CreateGroup": (
        Need("xray:CreateGroup", (_trace_group,)),
        Need("xray:TagResource", (_trace_group,), when="Tags"),
    ),
    **on(_trace_group, "xray", "DeleteGroup", "GetGroup", "UpdateGroup"),
    **on("{ResourceARN}", "xray", "ListTagsForResource", "TagResource", "UntagResource"),
    **on(
        "*",
        "xray",
        "BatchGetTraces",
        "GetEncryptionConfig",
        "GetGroups",
        "GetSamplingRules",
        "GetSamplingTargets",
        "GetServiceGraph",
        "GetTraceSummaries",
        "PutEncryptionConfig",
        "PutTelemetryRecords",
        "PutTraceSegments",
    ),
}

TABLES = {"xray": TABLE}
