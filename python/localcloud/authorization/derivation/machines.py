"""Lambda, Step Functions, EventBridge and its scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from localcloud.authorization.derivation import keys
from localcloud.authorization.derivation.needs import Asked, Given, Need, on, passing


def function(asked: Asked) -> Iterable[str]:
    """A function's ARN, without the version or alias that a request may name it by."""
    return [_function(asked)[0]]


def qualified(asked: Asked) -> Iterable[str]:
    """A function's ARN with the version or alias where a request gives one: such a call is judged by that ARN."""
    arn, qualifier = _function(asked)
    return [f"{arn}:{qualifier}" if qualifier else arn]


def _function(asked: Asked) -> tuple[str, str | None]:
    """From a name, ``name:alias``, ``123456789012:function:name`` or an ARN, with or without a qualifier."""
    called = asked.value("FunctionName") or "*"
    called = called.rpartition("function:")[2]
    name, _, qualifier = called.partition(":")
    return (
        f"arn:aws:lambda:{asked.region}:{asked.account}:function:{name}",
        asked.value("Qualifier") or qualifier or None,
    )


def _placed(asked: Asked) -> bool:
    return bool(asked.values("VpcConfig.SubnetIds"))


# Whoever puts a function into a VPC must be allowed to look the VPC up (Lambda Developer Guide, "Giving Lambda
# functions access to resources in an Amazon VPC", required IAM permissions).
PLACING = tuple(
    Need(f"ec2:{action}", when=_placed, tagged=False)
    for action in ("DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")
)
PLACE = {"lambda:subnetids": "{VpcConfig.SubnetIds}", "lambda:securitygroupids": "{VpcConfig.SecurityGroupIds}"}


def _environment_key(asked: Asked) -> Iterable[str]:
    called = asked.value("KMSKeyArn") or ""
    return [keys.arn_of(called, asked.account, asked.region) or called]


def _via_lambda(asked: Asked) -> Given:
    return {
        "kms:calleraccount": (asked.account,),
        "kms:encryptioncontext:aws:lambda:functionarn": (_function(asked)[0],),
        "kms:encryptioncontextkeys": ("aws:lambda:FunctionArn",),
        "kms:viaservice": (f"lambda.{asked.region}.amazonaws.com",),
        **{name: values for key in _environment_key(asked) for name, values in keys.tags(key).items()},
    }


def _granting(asked: Asked) -> Given:
    return {**_via_lambda(asked), "kms:grantisforawsresource": ("true",)}


# To encrypt a function's environment with a key (Lambda Developer Guide, "Securing Lambda environment variables").
ENCRYPTING = (
    Need("kms:CreateGrant", (_environment_key,), _granting, when="KMSKeyArn", tagged=False),
    Need("kms:Encrypt", (_environment_key,), _via_lambda, when="KMSKeyArn", tagged=False),
)

LAMBDA_TABLE = {
    "CreateFunction": (
        Need("lambda:CreateFunction", (function,), PLACE),
        Need("lambda:TagResource", (function,), when="Tags"),
        passing("Role", "lambda.amazonaws.com"),
        *PLACING,
        *ENCRYPTING,
    ),
    "UpdateFunctionConfiguration": (
        Need("lambda:UpdateFunctionConfiguration", (function,), PLACE),
        passing("Role", "lambda.amazonaws.com"),
        *PLACING,
        *ENCRYPTING,
    ),
    "Invoke": (Need("lambda:InvokeFunction", (qualified,)),),
    "AddPermission": (Need("lambda:AddPermission", (function,), {"lambda:principal": "{Principal}"}),),
    "RemovePermission": (Need("lambda:RemovePermission", (function,)),),
    **on(qualified, "lambda", "GetFunction", "GetFunctionConfiguration", "GetPolicy"),
    **on(
        function,
        "lambda",
        "CreateAlias",
        "DeleteAlias",
        "DeleteFunction",
        "DeleteFunctionConcurrency",
        "DeleteFunctionEventInvokeConfig",
        "GetAlias",
        "GetFunctionCodeSigningConfig",
        "GetFunctionConcurrency",
        "GetFunctionEventInvokeConfig",
        "GetFunctionRecursionConfig",
        "GetRuntimeManagementConfig",
        "ListAliases",
        "ListVersionsByFunction",
        "PublishVersion",
        "PutFunctionConcurrency",
        "PutFunctionEventInvokeConfig",
        "PutRuntimeManagementConfig",
        "UpdateAlias",
        "UpdateFunctionCode",
        "UpdateFunctionEventInvokeConfig",
    ),
    "ListTags": (Need("lambda:ListTags", ("{Resource}",)),),
    "TagResource": (Need("lambda:TagResource", ("{Resource}",)),),
    "UntagResource": (Need("lambda:UntagResource", ("{Resource}",)),),
    **on("*", "lambda", "GetAccountSettings", "ListFunctions", "ListLayers"),
}

NEW_MACHINE = "arn:aws:states:{region}:{account}:stateMachine:{name}"


def machine(asked: Asked) -> Iterable[str]:
    """A state machine's ARN, without the version or alias: those are the condition key states:StateMachineQualifier."""
    given = (
        asked.value("stateMachineArn") or asked.value("stateMachineVersionArn") or asked.value("stateMachineAliasArn")
    )
    return [
        ":".join((given or NEW_MACHINE.format(region=asked.region, account=asked.account, name="*")).split(":")[:7])
    ]


def _qualifier(asked: Asked) -> Given:
    given = (
        asked.value("stateMachineArn") or asked.value("stateMachineVersionArn") or asked.value("stateMachineAliasArn")
    )
    parts = (given or "").split(":")
    return {"states:statemachinequalifier": (parts[7],)} if len(parts) > 7 else {}


def _logs(asked: Asked) -> bool:
    return (asked.value("loggingConfiguration.level") or "OFF") != "OFF"


# A state machine's log delivery is set up with its maker's permissions (Step Functions Developer Guide, "Using
# CloudWatch Logs to log execution history", IAM policies for logging).
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


def _listed(asked: Asked) -> Iterable[str]:
    run = asked.value("mapRunArn")
    return [run] if run else machine(asked)


STATES_TABLE = {
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
        "DeleteStateMachineAlias",
        "DeleteStateMachineVersion",
        "DescribeStateMachine",
        "DescribeStateMachineAlias",
        "ListStateMachineAliases",
        "StartExecution",
        "StartSyncExecution",
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
    **on("{mapRunArn}", "states", "DescribeMapRun", "UpdateMapRun"),
    **on("{resourceArn}", "states", "ListTagsForResource", "TagResource", "UntagResource"),
    **on(
        "*",
        "states",
        "ListStateMachines",
        "SendTaskFailure",
        "SendTaskHeartbeat",
        "SendTaskSuccess",
        "ValidateStateMachineDefinition",
    ),
}


def rule(asked: Asked) -> Iterable[str]:
    """A rule's ARN, which names its bus unless that is the default one."""
    bus = (asked.value("EventBusName") or "default").rpartition("/")[2]
    name = asked.value("Rule") or asked.value("Name") or "*"
    return [f"arn:aws:events:{asked.region}:{asked.account}:rule/{name if bus == 'default' else f'{bus}/{name}'}"]


def _bus(path: str) -> Callable[[Asked], Iterable[str]]:
    def arns(asked: Asked) -> Iterable[str]:
        names = dict.fromkeys(name.rpartition("/")[2] for name in asked.values(path) or ["default"])
        return [f"arn:aws:events:{asked.region}:{asked.account}:event-bus/{name}" for name in names]

    return arns


EVENTS_TABLE = {
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
    "DescribeEventBus": (Need("events:DescribeEventBus", (_bus("Name"),)),),
    **on("*", "events", "ListEventBuses", "ListRuleNamesByTarget", "ListRules"),
}


def _schedule(asked: Asked) -> Iterable[str]:
    group = asked.value("GroupName") or "default"
    return [f"arn:aws:scheduler:{asked.region}:{asked.account}:schedule/{group}/{asked.value('Name') or '*'}"]


SCHEDULE_GROUP = "arn:aws:scheduler:{region}:{account}:schedule-group/{Name}"
SCHEDULER_TABLE = {
    **{
        name: (Need(f"scheduler:{name}", (_schedule,)), passing("Target.RoleArn", "scheduler.amazonaws.com"))
        for name in ("CreateSchedule", "UpdateSchedule")
    },
    **on(_schedule, "scheduler", "DeleteSchedule", "GetSchedule"),
    "CreateScheduleGroup": (
        Need("scheduler:CreateScheduleGroup", (SCHEDULE_GROUP,)),
        Need("scheduler:TagResource", (SCHEDULE_GROUP,), when="Tags"),
    ),
    **on(SCHEDULE_GROUP, "scheduler", "GetScheduleGroup"),
    # Its schedules go with it.
    "DeleteScheduleGroup": (
        Need("scheduler:DeleteScheduleGroup", (SCHEDULE_GROUP,)),
        Need("scheduler:DeleteSchedule", ("arn:aws:scheduler:{region}:{account}:schedule/{Name}/*",)),
    ),
    **on("{ResourceArn}", "scheduler", "ListTagsForResource", "TagResource", "UntagResource"),
    **on("*", "scheduler", "ListScheduleGroups", "ListSchedules"),
}

TABLES = {
    "lambda": LAMBDA_TABLE,
    "stepfunctions": STATES_TABLE,
    "events": EVENTS_TABLE,
    "scheduler": SCHEDULER_TABLE,
}
