"""Step Functions: state machines that run as on AWS, each in its role.

``language/`` checks a definition and compiles it. ``engine/`` drives an execution; it is pure. ``runner.py`` carries
out what the engine asks for, through ``integrations/``. ``api/`` answers the operations from ``store.py``.
"""

from __future__ import annotations

import time
from functools import partial

from localcloud.context import Context
from localcloud.durability.upkeep import every
from localcloud.events.delivery import send_to_default_bus
from localcloud.iam.registry import Registry
from localcloud.stepfunctions import permissions
from localcloud.stepfunctions.api.testing.test_state import StateTests
from localcloud.stepfunctions.api.wire import Application
from localcloud.stepfunctions.handover import guarded
from localcloud.stepfunctions.integrations import Integrations, Support
from localcloud.stepfunctions.language.compiler import compile_definition
from localcloud.stepfunctions.logging import ExecutionLog
from localcloud.stepfunctions.metrics import ExecutionMetrics
from localcloud.stepfunctions.runner import Runner
from localcloud.stepfunctions.service import StepFunctions, has_log_group, operations, starter
from localcloud.stepfunctions.status_changes import StatusChanges
from localcloud.stepfunctions.store import Stores
from localcloud.stepfunctions.tracing import ExecutionTraces

HOUR = 3600.0
#: "Your execution history is deleted 90 days after the execution ends" (Step Functions Developer Guide, "Quotas").
KEPT = 90 * 24 * HOUR


def register(registry: Registry) -> None:
    """Register the permissions that Step Functions' operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register the permissions, and serve Step Functions in moto's place.

    The check of roles wraps the operations last, so that it runs before every other part of CreateStateMachine.
    """
    register(context.registry)
    stores = Stores(context.database)
    context.registry.tags("states", stores.tags_of)
    changes = StatusChanges(send_to_default_bus)
    observers = (ExecutionMetrics(context.metrics), ExecutionTraces(context.roles), ExecutionLog(), changes)
    integrations, support = Integrations(context), Support(context.registry.tables)
    runner = Runner(stores, integrations, compile_definition, observers, changes.ended)
    checked = partial(compile_definition, refusals=support)
    tests = {"TestState": StateTests(integrations.call, support, time.time).test_state}
    table = operations(StepFunctions(stores, checked, has_log_group), runner, tests)
    table = guarded(table, stores, context.roles)

    def for_stacks() -> None:
        from localcloud.stepfunctions import cloudformation  # it imports half of moto

        cloudformation.install(table)

    context.at_first.setdefault("cloudformation", []).append(for_stacks)
    context.applications["stepfunctions"] = Application(table)
    context.starting.append(runner.resume)
    context.starting.append(lambda: every(HOUR, lambda: stores.executions.delete_ended_before(time.time() - KEPT)))
    context.actions["states:StartExecution"] = starter(table)
