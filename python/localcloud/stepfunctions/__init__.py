"""Step Functions: moto's interpreter, with its gaps closed, in the names of its state machines' roles."""

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
    """Tell the judge which permissions the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register, close the gaps, then measure, call and trace; last, look at roles before anything is made."""
    register(context.registry)
    for gap in (aws_sdk, data_limit, definitions, executions, history, lambda_errors, logging, versions):
        gap.apply()
    metrics.install(context.metrics)
    clients.install(context)
    tracing.install(context)
    handover.install(context.roles)
