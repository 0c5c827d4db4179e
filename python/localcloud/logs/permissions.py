"""The permissions of CloudWatch Logs' operations."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.iam.needs import Asked, Need, on, passing

LOGS = "arn:aws:logs:{region}:{account}:log-group:"
STREAM = LOGS + "{logGroupName}:log-stream:{logStreamName}"
GROUP_TO_TAG = LOGS + "{logGroupName}"


def log_group(asked: Asked) -> Iterable[str]:
    """The ARNs of log groups for all actions except the tagging actions. A policy's ARN must end in ``:*`` to match.

    Source: CloudWatch Logs User Guide, "Overview of managing access permissions", log group ARNs.
    """
    paths = ("logGroupName", "logGroupNames", "logGroupIdentifier", "logGroupIdentifiers")
    names = [value for path in paths for value in asked.values(path)] or ["*"]
    base = f"arn:aws:logs:{asked.region}:{asked.account}:log-group:"
    given = (name.removesuffix(":*") for name in names)
    return [f"{name if name.startswith('arn:') else base + name}:log-stream:" for name in given]


TABLE = {
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
    # GetQueryResults does not name the query's log groups, so it needs the permission on any group.
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

TABLES = {"logs": TABLE}
