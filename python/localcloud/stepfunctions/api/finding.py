"""Finds what a request's ARN names."""

from __future__ import annotations

import random
from dataclasses import dataclass

from localcloud.stepfunctions.api.arns import parsed
from localcloud.stepfunctions.api.errors import missing, unreferenced
from localcloud.stepfunctions.models import Activity, Alias, Execution, MapRun, PublishedVersion, StateMachine
from localcloud.stepfunctions.store import Store


@dataclass(frozen=True)
class Named:
    """A state machine, and the version or the alias by which a request names it."""

    machine: StateMachine
    version: PublishedVersion | None = None
    alias: Alias | None = None
    label: str | None = None


def machine_of(store: Store, arn: str) -> StateMachine:
    """The state machine with an ARN that has neither version nor alias.

    Raises:
        ApiError: InvalidArn, StateMachineDoesNotExist.
    """
    found = store.machines.get(arn)
    parsed(arn, "stateMachine")
    if found is None:
        raise missing("StateMachine", arn)
    return found


def named(store: Store, arn: str) -> Named:
    """The state machine with an ARN that may have a version or an alias. An alias's version is drawn by weight.

    Raises:
        ApiError: InvalidArn, StateMachineDoesNotExist.
    """
    parts = parsed(arn, "stateMachine")
    machine = store.machines.get(parts.base)
    if machine is None:
        raise missing("StateMachine", arn)
    if parts.qualifier is None:
        return Named(machine, label=parts.label)
    if version := machine.versions.get(parts.qualifier):
        return Named(machine, version)
    alias = machine.aliases.get(parts.qualifier)
    if alias is None:
        raise missing("StateMachine", arn)
    drawn = random.choices(alias.routes, [route["weight"] for route in alias.routes])[0]
    return Named(machine, machine.versions[drawn["stateMachineVersionArn"].rpartition(":")[2]], alias)


def alias_of(store: Store, arn: str) -> tuple[StateMachine, Alias]:
    """The alias with an ARN, and its state machine.

    Raises:
        ApiError: InvalidArn, ResourceNotFound.
    """
    parts = parsed(arn, "stateMachine")
    machine = store.machines.get(parts.base)
    alias = machine.aliases.get(parts.qualifier or "") if machine else None
    if machine is None or alias is None:
        raise unreferenced()
    return machine, alias


def execution_of(store: Store, arn: str) -> Execution:
    """The Standard execution with an ARN.

    Raises:
        ApiError: InvalidArn, ExecutionDoesNotExist.
    """
    parsed(arn, "execution")
    found = store.executions.get(arn)
    if found is None:
        raise missing("Execution", arn)
    return found


def map_run_of(store: Store, arn: str) -> MapRun:
    """The Map Run with an ARN.

    Raises:
        ApiError: InvalidArn, ResourceNotFound.
    """
    parsed(arn, "mapRun")
    found = store.map_runs.get(arn)
    if found is None:
        raise unreferenced()
    return found


def activity_of(store: Store, arn: str) -> Activity:
    """The activity with an ARN.

    Raises:
        ApiError: InvalidArn, ActivityDoesNotExist.
    """
    parsed(arn, "activity")
    if arn not in store.activities:
        raise missing("Activity", arn)
    return store.activities[arn]
