"""Step Functions as a whole: which method carries out which operation of the API.

Example (not run: it needs a runner)::

    table = operations(StepFunctions(stores, compile_definition, has_group), runner, {"TestState": tests.test_state})
    context.applications["stepfunctions"] = Application(table)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from moto.core.utils import get_service_model

from localcloud.stepfunctions.api.activities import ActivityOperations, Tasks
from localcloud.stepfunctions.api.aliases import AliasOperations
from localcloud.stepfunctions.api.configurations import HasGroup
from localcloud.stepfunctions.api.definitions import Compile, DefinitionOperations
from localcloud.stepfunctions.api.executions import ExecutionOperations, Runs
from localcloud.stepfunctions.api.listing import ListOperations
from localcloud.stepfunctions.api.machines import MachineOperations
from localcloud.stepfunctions.api.map_runs import MapRunOperations
from localcloud.stepfunctions.api.tags import TagOperations
from localcloud.stepfunctions.api.versions import VersionOperations
from localcloud.stepfunctions.api.wire import Answer, Operation, Operations, Sender, call
from localcloud.stepfunctions.clock import Clock
from localcloud.stepfunctions.store import Stores

#: The operations that change state machines, their versions and aliases, activities and tags.
KEPT = frozenset(
    {
        *("CreateActivity", "CreateStateMachine", "CreateStateMachineAlias", "DeleteActivity", "DeleteStateMachine"),
        *("DeleteStateMachineAlias", "DeleteStateMachineVersion", "PublishStateMachineVersion", "TagResource"),
        *("UntagResource", "UpdateStateMachine", "UpdateStateMachineAlias"),
    }
)


class Carrier(Runs, Tasks, Protocol):
    """Carries executions out, and knows the tasks that wait. :class:`localcloud.stepfunctions.runner.Runner` does."""


@dataclass(frozen=True)
class StepFunctions:
    """What the operations need besides the runner.

    Attributes:
        stores: Where everything is kept.
        compile_definition: Checks and compiles a definition.
        has_group: Whether there is a log group with an ARN.
        now: The clock.
    """

    stores: Stores
    compile_definition: Compile
    has_group: HasGroup
    now: Clock = time.time


def operations(service: StepFunctions, runner: Carrier, tests: Mapping[str, Operation]) -> dict[str, Operation]:
    """The method of every operation, by the operation's name in botocore's model.

    Args:
        tests: The operations that test single states: ``TestState``.
    """
    stores, now = service.stores, service.now

    def keeping(action: Operation) -> Operation:
        """An operation whose change of a state machine or activity is kept before it is answered."""

        def carry_out(sender: Sender, given: dict[str, Any]) -> Answer:
            try:
                return action(sender, given)
            finally:
                stores.keep(sender.account, sender.region)

        return carry_out

    machines = MachineOperations(
        stores, service.compile_definition, service.has_group, lambda one: runner.stop(one, None, None), now
    )
    versions, aliases, map_runs = VersionOperations(stores, now), AliasOperations(stores, now), MapRunOperations(stores)
    executions, listing = ExecutionOperations(stores, runner, now), ListOperations(stores)
    activities, tags = ActivityOperations(stores, runner, now), TagOperations(stores)
    table: dict[str, Operation] = {
        "CreateActivity": activities.create,
        "CreateStateMachine": machines.create,
        "CreateStateMachineAlias": aliases.create,
        "DeleteActivity": activities.delete,
        "DeleteStateMachine": machines.delete,
        "DeleteStateMachineAlias": aliases.delete,
        "DeleteStateMachineVersion": versions.delete,
        "DescribeActivity": activities.describe,
        "DescribeExecution": executions.describe,
        "DescribeMapRun": map_runs.describe,
        "DescribeStateMachine": machines.describe,
        "DescribeStateMachineAlias": aliases.describe,
        "DescribeStateMachineForExecution": machines.describe_for_execution,
        "GetActivityTask": activities.get_task,
        "GetExecutionHistory": listing.history,
        "ListActivities": activities.list,
        "ListExecutions": listing.executions,
        "ListMapRuns": map_runs.list,
        "ListStateMachineAliases": aliases.list,
        "ListStateMachineVersions": versions.list,
        "ListStateMachines": machines.list,
        "ListTagsForResource": tags.list,
        "PublishStateMachineVersion": versions.publish,
        "RedriveExecution": executions.redrive,
        "SendTaskFailure": activities.fail,
        "SendTaskHeartbeat": activities.heartbeat,
        "SendTaskSuccess": activities.succeed,
        "StartExecution": executions.start,
        "StartSyncExecution": executions.start_sync,
        "StopExecution": executions.stop,
        "TagResource": tags.tag,
        "UntagResource": tags.untag,
        "UpdateMapRun": map_runs.update,
        "UpdateStateMachine": machines.update,
        "UpdateStateMachineAlias": aliases.update,
        "ValidateStateMachineDefinition": DefinitionOperations(service.compile_definition).validate,
        **tests,
    }
    return {name: keeping(action) if name in KEPT else action for name, action in table.items()}


def starter(table: Operations) -> Callable[..., str]:
    """The function by which other services of the cloud start executions, without a request.

    It takes a state machine's ARN, and ``name``, ``input`` and ``trace_header``. It returns the execution's ARN.
    """
    shape = get_service_model("stepfunctions").operation_model("StartExecution").input_shape

    def start(machine_arn: str, *, name: str | None = None, input: str = "{}", trace_header: str | None = None) -> str:
        region, account = machine_arn.split(":")[3:5]
        given = {"stateMachineArn": machine_arn, "name": name, "input": input}
        answer = call(table["StartExecution"], shape, Sender(account, region, trace_header), given)
        return str(answer["executionArn"])

    return start


def has_log_group(arn: str) -> bool:
    """Whether CloudWatch Logs has the log group with an ARN that ends in ``:*``."""
    from moto.logs.models import logs_backends

    parts = arn.split(":")
    if len(parts) < 7:
        return False
    region, account, _, name = parts[3:7]
    return name in logs_backends[account][region].groups
