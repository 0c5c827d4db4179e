"""Step Functions: moto's interpreter with its gaps closed. Executions act in their state machine's role."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.stepfunctions import clients, handover, metrics, permissions, tracing
from localcloud.stepfunctions.gaps import (
    aws_sdk,
    data_limit,
    definitions,
    executions,
    history,
    lambda_errors,
    logging,
    versions,
)


def register(registry: Registry) -> None:
    """Register the permissions that Step Functions' operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register the permissions, close moto's gaps, and add metrics, clients and traces.

    The check of roles is installed last, so that it runs before every other part of CreateStateMachine.
    """
    register(context.registry)
    for gap in (aws_sdk, data_limit, definitions, executions, history, lambda_errors, logging, versions):
        gap.apply()
    metrics.install(context.metrics)
    clients.install(context)
    tracing.install(context)
    handover.install(context.roles)

    def start(machine_arn: str, *, name: str, input: str) -> None:
        from moto.stepfunctions.responses import get_backend

        region, account = machine_arn.split(":")[3:5]
        get_backend(account, region).start_execution(machine_arn, name, input)

    context.actions["states:StartExecution"] = start
