"""The operations on versions of state machines."""

from __future__ import annotations

from typing import Any

from localcloud.stepfunctions.api.arns import parsed
from localcloud.stepfunctions.api.errors import ApiError, invalid
from localcloud.stepfunctions.api.finding import machine_of
from localcloud.stepfunctions.api.pages import page
from localcloud.stepfunctions.api.wire import Answer, Sender
from localcloud.stepfunctions.clock import Clock
from localcloud.stepfunctions.models import PublishedVersion, StateMachine
from localcloud.stepfunctions.store import Stores


class VersionOperations:
    """The operations on versions."""

    def __init__(self, stores: Stores, now: Clock) -> None:
        self._stores, self._now = stores, now

    def publish(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """PublishStateMachineVersion. An unchanged state machine keeps its version."""
        store = self._stores.of(sender.account, sender.region)
        with store.lock:
            machine = machine_of(store, given["stateMachineArn"])
            current, wanted = machine.revision.revision_id or "INITIAL", given.get("revisionId")
            if wanted not in (None, current):
                raise ApiError(
                    "ConflictException",
                    f"Failed to publish the State Machine version for revision {wanted}. "
                    f"The current State Machine revision is {current}.",
                )
            version = published(machine, given.get("description"), self._now())
        return {"stateMachineVersionArn": version.arn, "creationDate": version.created}

    def list(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """ListStateMachineVersions, newest first."""
        parsed(given["stateMachineArn"], "stateMachine")
        machine = self._stores.of(sender.account, sender.region).machines.get(given["stateMachineArn"])
        versions = list(machine.versions.values())[::-1] if machine else []
        shown, token = page("ListStateMachineVersions", versions, key=lambda one: one.arn, given=given)
        listed = [{"stateMachineVersionArn": one.arn, "creationDate": one.created} for one in shown]
        return {"stateMachineVersions": listed, "nextToken": token}

    def delete(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """DeleteStateMachineVersion."""
        parts = parsed(given["stateMachineVersionArn"], "stateMachine")
        if not (parts.qualifier or "").isdigit():
            raise invalid(f"A state machine version ARN is needed. Received: {parts.text}")
        store = self._stores.of(sender.account, sender.region)
        with store.lock:
            machine = store.machines.get(parts.base)
            if machine is None:
                return {}
            holders = [
                alias.name
                for alias in machine.aliases.values()
                if parts.text in [route["stateMachineVersionArn"] for route in alias.routes]
            ]
            if holders:
                raise ApiError(
                    "ConflictException",
                    "Version to be deleted must not be referenced by an alias. "
                    f"Current list of aliases referencing this version: [{', '.join(holders)}]",
                )
            machine.versions.pop(parts.qualifier or "", None)
        return {}


def published(machine: StateMachine, description: str | None, now: float) -> PublishedVersion:
    """The version of a state machine's revision: the latest one if it is of this revision, else a new one."""
    latest = machine.versions.get(str(machine.latest))
    if latest and latest.revision == machine.revision:
        return latest
    machine.latest += 1
    version = PublishedVersion(f"{machine.arn}:{machine.latest}", machine.revision, now, description)
    machine.versions[str(machine.latest)] = version
    return version
