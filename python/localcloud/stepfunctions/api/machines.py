"""The operations on state machines."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from localcloud.stepfunctions.api import configurations
from localcloud.stepfunctions.api.arns import made, named, parsed
from localcloud.stepfunctions.api.definitions import Compile, accepted
from localcloud.stepfunctions.api.errors import ApiError, invalid, quoting
from localcloud.stepfunctions.api.finding import execution_of, machine_of
from localcloud.stepfunctions.api.finding import named as found_by
from localcloud.stepfunctions.api.pages import page
from localcloud.stepfunctions.api.tags import as_dict
from localcloud.stepfunctions.api.versions import published
from localcloud.stepfunctions.api.wire import Answer, Sender
from localcloud.stepfunctions.clock import Clock
from localcloud.stepfunctions.models import Execution, Revision, StateMachine
from localcloud.stepfunctions.store import Stores

#: UpdateStateMachine needs one of these.
CHANGES = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")


class MachineOperations:
    """The operations on state machines.

    Args:
        has_group: Whether there is a log group with an ARN.
        abort: Ends a running execution.
    """

    def __init__(
        self,
        stores: Stores,
        compile_definition: Compile,
        has_group: configurations.HasGroup,
        abort: Callable[[Execution], None],
        now: Clock,
    ) -> None:
        self._stores, self._compile, self._has_group, self._abort, self._now = (
            stores,
            compile_definition,
            has_group,
            abort,
            now,
        )

    def create(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """CreateStateMachine. The same request again answers the same; role and tags do not count."""
        name, kind, now = named(given["name"]), given.get("type", "STANDARD"), self._now()
        publish = [given.get("publish", False), _description(given)]
        program = accepted(self._compile, given["definition"], kind)
        revision = Revision(
            given["definition"],
            given["roleArn"],
            configurations.logging(given.get("loggingConfiguration"), self._has_group),
            configurations.tracing(given.get("tracingConfiguration")),
            configurations.encryption(given.get("encryptionConfiguration")),
            variables={state: list(names) for state, names in program.references.items()},
            updated=now,
        )
        tags = as_dict(given.get("tags", []))
        store = self._stores.of(sender.account, sender.region)
        arn = made("stateMachine", sender.account, sender.region, name)
        with store.lock:
            machine = store.machines.get(arn)
            if machine and not (
                _same(machine.revision, revision, but=("role_arn",))
                and (machine.kind, machine.published) == (kind, publish)
            ):
                raise quoting("StateMachineAlreadyExists", arn)
            if machine is None:
                machine = StateMachine(arn, name, kind, revision, now, published=publish, tags=tags)
                store.machines[arn] = machine
            version = published(machine, publish[1], now) if publish[0] else None
        return {
            "stateMachineArn": arn,
            "creationDate": machine.created,
            "stateMachineVersionArn": version.arn if version else None,
        }

    def update(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """UpdateStateMachine. Executions that run keep the revision with which they started."""
        store, now = self._stores.of(sender.account, sender.region), self._now()
        with store.lock:
            machine = machine_of(store, given["stateMachineArn"])
            if not given.keys() & CHANGES:
                raise ApiError(
                    "MissingRequiredParameter",
                    "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must "
                    "be specified",
                )
            description = _description(given)
            revision = self._changed(machine, given)
            if not _same(machine.revision, revision):
                machine.revision = replace(revision, revision_id=str(uuid.uuid4()), updated=now, number=None)
            version = published(machine, description, now) if given.get("publish") else None
        return {
            "updateDate": now,
            "revisionId": machine.revision.revision_id,
            "stateMachineVersionArn": version.arn if version else None,
        }

    def _changed(self, machine: StateMachine, given: dict[str, Any]) -> Revision:
        changes: dict[str, Any] = {}
        if "definition" in given:
            program = accepted(self._compile, given["definition"], machine.kind)
            changes["definition"] = given["definition"]
            changes["variables"] = {state: list(names) for state, names in program.references.items()}
        if "roleArn" in given:
            changes["role_arn"] = given["roleArn"]
        if "loggingConfiguration" in given:
            changes["logging"] = configurations.logging(given["loggingConfiguration"], self._has_group)
        if "tracingConfiguration" in given:
            changes["tracing"] = configurations.tracing(given["tracingConfiguration"])
        if "encryptionConfiguration" in given:
            changes["encryption"] = configurations.encryption(given["encryptionConfiguration"])
        return replace(machine.revision, **changes, number=None)

    def delete(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """DeleteStateMachine, with its versions, aliases and executions. What runs is aborted."""
        parts = parsed(given["stateMachineArn"], "stateMachine")
        if parts.qualifier:
            raise invalid(f"A state machine ARN without version and alias is needed. Received: {parts.text}")
        store = self._stores.of(sender.account, sender.region)
        with store.lock:
            store.machines.pop(parts.base, None)
        for execution in store.executions.of_machine(parts.base):
            self._abort(execution)
        store.executions.delete_machine(parts.base)
        return {}

    def describe(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """DescribeStateMachine, of a state machine or of one of its versions."""
        arn = given["stateMachineArn"]
        found = found_by(self._stores.of(sender.account, sender.region), arn)
        version, machine = found.version, found.machine
        return {
            **_described(version.revision if version else machine.revision, given),
            "stateMachineArn": arn,
            "name": machine.name,
            "status": "ACTIVE",
            "type": machine.kind,
            "creationDate": version.created if version else machine.created,
            "label": found.label,
            "description": version.description if version else None,
        }

    def describe_for_execution(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """DescribeStateMachineForExecution: the revision that an execution runs."""
        execution = execution_of(self._stores.of(sender.account, sender.region), given["executionArn"])
        run = execution.map_run_arn
        return {
            **_described(execution.revision, given),
            "stateMachineArn": execution.machine_arn,
            "name": execution.machine_arn.split(":")[6],
            "updateDate": execution.revision.updated,
            "mapRunArn": run,
            "label": run.split("/")[1].split(":")[0] if run else None,
        }

    def list(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """ListStateMachines, by name."""
        machines = sorted(self._stores.of(sender.account, sender.region).machines.values(), key=lambda one: one.name)
        shown, token = page("ListStateMachines", machines, key=lambda one: one.name, given=given)
        listed = [
            {"stateMachineArn": one.arn, "name": one.name, "type": one.kind, "creationDate": one.created}
            for one in shown
        ]
        return {"stateMachines": listed, "nextToken": token}


def _description(given: dict[str, Any]) -> str | None:
    if "versionDescription" in given and not given.get("publish"):
        raise invalid("Version description can only be set when publish is true")
    return given.get("versionDescription")


def _same(one: Revision, other: Revision, *, but: tuple[str, ...] = ()) -> bool:
    """Whether two revisions do the same. Their ids and moments do not count."""
    names = {"definition", "role_arn", "logging", "tracing", "encryption"} - set(but)
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _described(revision: Revision, given: dict[str, Any]) -> Answer:
    metadata = given.get("includedData") == "METADATA_ONLY"
    return {
        "definition": "{}" if metadata else revision.definition,
        "roleArn": revision.role_arn,
        "loggingConfiguration": revision.logging,
        "tracingConfiguration": revision.tracing,
        "revisionId": revision.revision_id,
        "encryptionConfiguration": revision.encryption,
        "variableReferences": None if metadata else revision.variables or None,
    }
