"""The operations that list executions and the events of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.stepfunctions.api import pages
from localcloud.stepfunctions.api.arns import parsed
from localcloud.stepfunctions.api.errors import invalid, missing, untyped
from localcloud.stepfunctions.api.finding import execution_of, map_run_of
from localcloud.stepfunctions.api.wire import Answer, Sender
from localcloud.stepfunctions.models import Listed
from localcloud.stepfunctions.store import Store, Stores

#: The fields of an event's details that are execution data.
DATA = ("input", "inputDetails", "output", "outputDetails", "parameters")


class ListOperations:
    """ListExecutions and GetExecutionHistory."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def executions(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """ListExecutions, of a state machine, a version, an alias or a Map Run, newest first."""
        store = self._stores.of(sender.account, sender.region)
        belongs = _belongs(store, given)
        status, redriven = given.get("statusFilter"), given.get("redriveFilter")
        name = f"ListExecutions {belongs.of} {status}"
        if belongs.qualified or redriven:
            found = [
                one
                for one in store.executions.listed(**belongs.of, status=status)
                if belongs.qualified in (None, one.version_arn, one.alias_arn)
                and redriven in (None, "REDRIVEN" if one.redrive_count else "NOT_REDRIVEN")
            ]
            shown, token = pages.page(name, found, key=lambda one: one.arn, given=given)
        else:
            last, most = pages.after(name, given), pages.size(given)
            if last and store.executions.get(last) is None:  # it was deleted, so nobody knows what comes after it
                raise pages.invalid()
            found = store.executions.listed(**belongs.of, status=status, after=last, most=most + 1)
            shown, token = found[:most], pages.token(name, found[most - 1].arn) if len(found) > most else None
        return {"executions": list(map(_listed, shown)), "nextToken": token}

    def history(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """GetExecutionHistory, oldest first or newest first."""
        store = self._stores.of(sender.account, sender.region)
        execution = execution_of(store, given["executionArn"])
        events = store.executions.history(execution)
        order = "reverse" if given.get("reverseOrder") else "forward"
        name = f"GetExecutionHistory {execution.arn} {order}"
        last, most = pages.after(name, given), pages.size(given)
        begin = 0
        if last is not None:  # the number of an event is its place
            begin = int(last) if order == "forward" else len(events) + 1 - int(last)
        ordered = events if order == "forward" else events[::-1]
        shown = ordered[begin : begin + most]
        token = pages.token(name, str(shown[-1]["id"])) if begin + most < len(events) else None
        if not given.get("includeExecutionData", True):
            shown = [_without_data(event) for event in shown]
        return {"events": shown, "nextToken": token}


@dataclass(frozen=True)
class Belonging:
    """What a request names, of which the executions are listed.

    Attributes:
        of: The ARN of the state machine or of the Map Run, as :meth:`Records.listed` takes it.
        qualified: The ARN of the version or the alias. None: it names none.
    """

    of: dict[str, Any]
    qualified: str | None = None


def _belongs(store: Store, given: dict[str, Any]) -> Belonging:
    machine_arn, run_arn = given.get("stateMachineArn"), given.get("mapRunArn")
    if (machine_arn is None) == (run_arn is None):
        raise invalid("Exactly one of stateMachineArn and mapRunArn must be specified")
    if run_arn is not None:
        map_run_of(store, run_arn)
        return Belonging({"map_run_arn": run_arn})
    if given.get("redriveFilter"):
        raise invalid("redriveFilter can only be specified with mapRunArn")
    parts = parsed(machine_arn or "", "stateMachine")
    machine = store.machines.get(parts.base)
    qualifier = parts.qualifier
    if machine is None or (qualifier and qualifier not in machine.versions and qualifier not in machine.aliases):
        raise missing("StateMachine", machine_arn or "")
    if machine.kind == "EXPRESS":
        raise untyped()
    return Belonging({"machine_arn": machine.arn}, machine_arn if qualifier else None)


def _listed(execution: Listed) -> dict[str, Any]:
    return {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.started,
        "stopDate": execution.stopped,
        "mapRunArn": execution.map_run_arn,
        "itemCount": execution.item_count,
        "stateMachineVersionArn": execution.version_arn,
        "stateMachineAliasArn": execution.alias_arn,
        "redriveCount": execution.redrive_count,
        "redriveDate": execution.redriven,
    }


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    """An event without inputs and outputs.

    Example::

        >>> _without_data({"id": 1, "stateEnteredEventDetails": {"name": "A", "input": "{}"}})
        {'id': 1, 'stateEnteredEventDetails': {'name': 'A'}}
    """
    return {
        name: {key: one for key, one in value.items() if key not in DATA} if isinstance(value, dict) else value
        for name, value in event.items()
    }
