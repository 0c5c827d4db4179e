"""CloudWatch and its logs, X-Ray, budgets and costs, and finding resources by tag."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.authorization.derivation.needs import Asked, Need, on, passing

LOGS = "arn:aws:logs:{region}:{account}:log-group:"
STREAM = LOGS + "{logGroupName}:log-stream:{logStreamName}"
GROUP_TO_TAG = LOGS + "{logGroupName}"


def log_group(asked: Asked) -> Iterable[str]:
    """Log groups as all but the tagging actions see them: policies must end in ``:*`` to match.

    Source: CloudWatch Logs User Guide, "Overview of managing access permissions", log group ARNs.
    """
    paths = ("logGroupName", "logGroupNames", "logGroupIdentifier", "logGroupIdentifiers")
    names = [value for path in paths for value in asked.values(path)] or ["*"]
    base = f"arn:aws:logs:{asked.region}:{asked.account}:log-group:"
    return [f"{base}{name.removeprefix(base).removesuffix(':*')}:log-stream:" for name in names]


LOGS_TABLE = {
    "CreateLogGroup": (
        Need("logs:CreateLogGroup", (log_group,)),
        # Tags on a new group: CloudWatch Logs API Reference, CreateLogGroup.
        Need("logs:TagResource", (GROUP_TO_TAG,), when="tags"),
    ),
    **on(
        log_group,
        "logs",
        "AssociateKmsKey",
        "DeleteLogGroup",
        "DeleteMetricFilter",
        "DeleteRetentionPolicy",
        "DeleteSubscriptionFilter",
        "DescribeLogStreams",
        "DescribeMetricFilters",
        "DescribeSubscriptionFilters",
        "DisassociateKmsKey",
        "FilterLogEvents",
        "GetLogGroupFields",
        "ListTagsLogGroup",
        "PutMetricFilter",
        "PutRetentionPolicy",
        "StartQuery",
        "TagLogGroup",
        "UntagLogGroup",
    ),
    "PutSubscriptionFilter": (
        Need("logs:PutSubscriptionFilter", (log_group,)),
        passing("roleArn", "logs.amazonaws.com"),
    ),
    # A query's answers are judged by the groups that it was started on, which only its start names.
    **on(LOGS + "*", "logs", "GetQueryResults"),
    **on(STREAM, "logs", "CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"),
    **on("{resourceArn}", "logs", "ListTagsForResource", "TagResource", "UntagResource"),
    **on(
        "*",
        "logs",
        "DeleteQueryDefinition",
        "DeleteResourcePolicy",
        "DescribeLogGroups",
        "DescribeQueries",
        "DescribeQueryDefinitions",
        "DescribeResourcePolicies",
        "PutQueryDefinition",
        "PutResourcePolicy",
        "StopQuery",
    ),
}

ALARM = "arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName}"
ALARMS = "arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmNames}"
DASHBOARD = "arn:aws:cloudwatch::{account}:dashboard/{DashboardName}"


def _described(asked: Asked) -> Iterable[str]:
    """The alarms asked for by name; all of them where composite ones are asked for, or none is named.

    Source: CloudWatch API Reference, DescribeAlarms: composite alarms want a permission scoped to ``*``.
    """
    base = f"arn:aws:cloudwatch:{asked.region}:{asked.account}:alarm:"
    names = asked.values("AlarmNames")
    if not names or "CompositeAlarm" in asked.values("AlarmTypes"):
        return [f"{base}*"]
    return [f"{base}{name}" for name in names]


CLOUDWATCH_TABLE = {
    **{
        name: (Need(f"cloudwatch:{name}", (ALARM,)), Need("cloudwatch:TagResource", (ALARM,), when="Tags"))
        for name in ("PutMetricAlarm", "PutCompositeAlarm")
    },
    **on(ALARMS, "cloudwatch", "DeleteAlarms", "DisableAlarmActions", "EnableAlarmActions"),
    **on(ALARM, "cloudwatch", "DescribeAlarmHistory", "SetAlarmState"),
    "DescribeAlarms": (Need("cloudwatch:DescribeAlarms", (_described,)),),
    **on(DASHBOARD, "cloudwatch", "GetDashboard", "PutDashboard", tagged=False),
    "DeleteDashboards": (
        Need("cloudwatch:DeleteDashboards", ("arn:aws:cloudwatch::{account}:dashboard/{DashboardNames}",)),
    ),
    "PutMetricData": (Need("cloudwatch:PutMetricData", context={"cloudwatch:namespace": "{Namespace}"}),),
    **on("{ResourceARN}", "cloudwatch", "ListTagsForResource", "TagResource", "UntagResource"),
    **on(
        "*",
        "cloudwatch",
        "DescribeAlarmsForMetric",
        "GetMetricData",
        "GetMetricStatistics",
        "ListDashboards",
        "ListMetrics",
    ),
}


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
    """A group's ARN ends in an identifier that its name does not tell."""
    given = asked.value("GroupARN")
    name = asked.value("GroupName") or "*"
    return [given or f"arn:aws:xray:{asked.region}:{asked.account}:group/{name}/*"]


XRAY_TABLE = {
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


def budget(asked: Asked) -> Iterable[str]:
    paths = ("BudgetName", "Budget.BudgetName", "NewBudget.BudgetName")
    name = next((value for path in paths for value in asked.values(path)), "*")
    return [f"arn:aws:budgets::{asked.account}:budget/{name}"]


# Two actions stand for all of them (service authorization reference, AWS Budget Service).
BUDGETS_TABLE = {
    "CreateBudget": (
        Need("budgets:ModifyBudget", (budget,)),
        Need("budgets:TagResource", (budget,), when="ResourceTags"),
    ),
    **{
        name: (Need("budgets:ModifyBudget", (budget,)),)
        for name in (
            "CreateNotification",
            "CreateSubscriber",
            "DeleteBudget",
            "DeleteNotification",
            "DeleteSubscriber",
            "UpdateBudget",
            "UpdateNotification",
            "UpdateSubscriber",
        )
    },
    **{
        name: (Need("budgets:ViewBudget", (budget,)),)
        for name in (
            "DescribeBudget",
            "DescribeBudgets",
            "DescribeNotificationsForBudget",
            "DescribeSubscribersForNotification",
        )
    },
    **on("{ResourceARN}", "budgets", "ListTagsForResource", "TagResource", "UntagResource"),
}

COSTS_TABLE = on("*", "ce", "ListCostAllocationTags", "UpdateCostAllocationTagsStatus", tagged=False)
TAGGING_TABLE = on("*", "tag", "GetResources", "GetTagKeys", "GetTagValues")

TABLES = {
    "logs": LOGS_TABLE,
    "cloudwatch": CLOUDWATCH_TABLE,
    "xray": XRAY_TABLE,
    "budgets": BUDGETS_TABLE,
    "ce": COSTS_TABLE,
    "resourcegroupstaggingapi": TAGGING_TABLE,
}
