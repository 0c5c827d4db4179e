"""The permissions that Step Functions' operations need."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.iam.needs import Asked, Given, Need, on, passing

NEW_MACHINE = "arn:aws:states:{region}:{account}:stateMachine:{name}"
NEW_ACTIVITY = "arn:aws:states:{region}:{account}:activity:{name}"
#: Where a request names a state machine, a version or an alias.
NAMED_BY = (
    "stateMachineArn",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
    "routingConfiguration.stateMachineVersionArn",
)


def machine(asked: Asked) -> Iterable[str]:
    """The state machine's ARN without its version or alias, which are the key states:StateMachineQualifier.

    Example::

        >>> arn = "arn:aws:states:us-east-1:123456789012:stateMachine:scones:live"
        >>> machine(Asked("StartExecution", {"stateMachineArn": arn}, "us-east-1", "123456789012"))
        ['arn:aws:states:us-east-1:123456789012:stateMachine:scones']
    """
    given = _given(asked)
    return [
        ":".join((given or NEW_MACHINE.format(region=asked.region, account=asked.account, name="*")).split(":")[:7])
    ]


def _given(asked: Asked) -> str | None:
    return next(filter(None, map(asked.value, NAMED_BY)), None)


def _qualifier(asked: Asked) -> Given:
    parts = (_given(asked) or "").split(":")
    return {"states:statemachinequalifier": (parts[7],)} if len(parts) > 7 else {}


def _logs(asked: Asked) -> bool:
    return (asked.value("loggingConfiguration.level") or "OFF") != "OFF"


# A caller that turns logging on needs these permissions too (Step Functions Developer Guide, "Using CloudWatch Logs to
# log execution history", IAM policies for logging).
DELIVERING = tuple(
    Need(f"logs:{action}", when=_logs, tagged=False)
    for action in (
        "CreateLogDelivery",
        "DescribeLogGroups",
        "DescribeResourcePolicies",
        "GetLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "UpdateLogDelivery",
    )
)


def _publishes(asked: Asked) -> bool:
    return asked.value("publish") == "true"


def _reveals(asked: Asked) -> bool:
    return asked.value("revealSecrets") == "true"


def _listed(asked: Asked) -> Iterable[str]:
    run = asked.value("mapRunArn")
    return [run] if run else machine(asked)


TABLE = {
    "CreateActivity": (
        Need("states:CreateActivity", (NEW_ACTIVITY,)),
        Need("states:TagResource", (NEW_ACTIVITY,), when="tags"),
    ),
    "CreateStateMachine": (
        Need("states:CreateStateMachine", (NEW_MACHINE,)),
        Need("states:TagResource", (NEW_MACHINE,), when="tags"),
        Need("states:PublishStateMachineVersion", (NEW_MACHINE,), when=_publishes, tagged=False),
        passing("roleArn", "states.amazonaws.com"),
        *DELIVERING,
    ),
    "UpdateStateMachine": (
        Need("states:UpdateStateMachine", (machine,)),
        Need("states:PublishStateMachineVersion", (machine,), when=_publishes),
        passing("roleArn", "states.amazonaws.com"),
        *DELIVERING,
    ),
    **on(machine, "states", "DeleteStateMachine", "ListStateMachineVersions", "PublishStateMachineVersion"),
    **on(
        machine,
        "states",
        "CreateStateMachineAlias",
        "DeleteStateMachineAlias",
        "DeleteStateMachineVersion",
        "DescribeStateMachine",
        "DescribeStateMachineAlias",
        "ListStateMachineAliases",
        "StartExecution",
        "StartSyncExecution",
        "UpdateStateMachineAlias",
        context=_qualifier,
    ),
    "ListExecutions": (Need("states:ListExecutions", (_listed,), _qualifier),),
    **on(
        "{executionArn}",
        "states",
        "DescribeExecution",
        "DescribeStateMachineForExecution",
        "GetExecutionHistory",
        "ListMapRuns",
        "RedriveExecution",
        "StopExecution",
    ),
    **on("{activityArn}", "states", "DeleteActivity", "DescribeActivity", "GetActivityTask"),
    **on("{mapRunArn}", "states", "DescribeMapRun", "UpdateMapRun"),
    **on("{resourceArn}", "states", "ListTagsForResource", "TagResource", "UntagResource"),
    **on(
        "*",
        "states",
        "ListActivities",
        "ListStateMachines",
        "SendTaskFailure",
        "SendTaskHeartbeat",
        "SendTaskSuccess",
        "ValidateStateMachineDefinition",
    ),
    # Step Functions Developer Guide, "Permissions for using TestState API".
    "TestState": (
        Need("states:TestState"),
        Need("states:RevealSecrets", when=_reveals),
        passing("roleArn", "states.amazonaws.com"),
    ),
}

TABLES = {"stepfunctions": TABLE}
