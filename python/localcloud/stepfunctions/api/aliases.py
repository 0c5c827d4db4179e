"""The operations on aliases of state machines."""

from __future__ import annotations

from typing import Any

from localcloud.stepfunctions.api.arns import parsed
from localcloud.stepfunctions.api.errors import ApiError, invalid, unreferenced
from localcloud.stepfunctions.api.finding import alias_of, machine_of
from localcloud.stepfunctions.api.pages import page
from localcloud.stepfunctions.api.wire import Answer, Sender
from localcloud.stepfunctions.clock import Clock
from localcloud.stepfunctions.models import Alias, StateMachine
from localcloud.stepfunctions.store import Store, Stores

Routes = list[dict[str, Any]]


class AliasOperations:
    """The operations on aliases."""

    def __init__(self, stores: Stores, now: Clock) -> None:
        self._stores, self._now = stores, now

    def create(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """CreateStateMachineAlias. The same request again answers the same."""
        store = self._stores.of(sender.account, sender.region)
        routes, description = given["routingConfiguration"], given.get("description")
        with store.lock:
            machine = _target(store, routes)
            alias = machine.aliases.get(given["name"])
            if alias and (alias.routes, alias.description) != (routes, description):
                raise ApiError(
                    "ConflictException",
                    "Failed to create alias because an alias with the same name and a different routing configuration "
                    "already exists.",
                )
            if alias is None:
                now, name = self._now(), given["name"]
                alias = Alias(f"{machine.arn}:{name}", name, routes, now, now, description)
                machine.aliases[name] = alias
        return {"stateMachineAliasArn": alias.arn, "creationDate": alias.created}

    def update(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """UpdateStateMachineAlias."""
        store = self._stores.of(sender.account, sender.region)
        with store.lock:
            machine, alias = alias_of(store, given["stateMachineAliasArn"])
            if not {"description", "routingConfiguration"} & given.keys():
                raise invalid("Either the description or the routing configuration must be specified")
            if routes := given.get("routingConfiguration"):
                if _target(store, routes) is not machine:
                    raise invalid("Routing configuration must contain versions of the alias's own state machine")
                alias.routes = routes
            alias.description = given.get("description", alias.description)
            alias.updated = self._now()
        return {"updateDate": alias.updated}

    def delete(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """DeleteStateMachineAlias."""
        parts = parsed(given["stateMachineAliasArn"], "stateMachine")
        store = self._stores.of(sender.account, sender.region)
        if machine := store.machines.get(parts.base):
            machine.aliases.pop(parts.qualifier or "", None)
        return {}

    def describe(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """DescribeStateMachineAlias."""
        _, alias = alias_of(self._stores.of(sender.account, sender.region), given["stateMachineAliasArn"])
        return {
            "stateMachineAliasArn": alias.arn,
            "name": alias.name,
            "description": alias.description,
            "routingConfiguration": alias.routes,
            "creationDate": alias.created,
            "updateDate": alias.updated,
        }

    def list(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """ListStateMachineAliases: all of a state machine, or those of one of its versions."""
        arn = given["stateMachineArn"]
        parts = parsed(arn, "stateMachine")
        machine = machine_of(self._stores.of(sender.account, sender.region), parts.base)
        aliases = [
            one
            for one in machine.aliases.values()
            if parts.qualifier is None or arn in [route["stateMachineVersionArn"] for route in one.routes]
        ]
        shown, token = page("ListStateMachineAliases", aliases, key=lambda one: one.arn, given=given)
        listed = [{"stateMachineAliasArn": one.arn, "creationDate": one.created} for one in shown]
        return {"stateMachineAliases": listed, "nextToken": token}


def _target(store: Store, routes: Routes) -> StateMachine:
    """The state machine of a routing configuration's versions."""
    arns = [route["stateMachineVersionArn"] for route in routes]
    received = f"Received: [{', '.join(arns)}]"
    parts = [parsed(arn, "stateMachine") for arn in arns]
    if not all((one.qualifier or "").isdigit() for one in parts):
        raise invalid(f"Routing configuration must contain state machine version ARNs. {received}")
    if len(set(arns)) < len(arns):
        raise invalid(f"Routing configuration must contain distinct state machine version ARNs. {received}")
    if len({one.base for one in parts}) > 1:
        raise invalid(f"Routing configuration must contain versions of one state machine. {received}")
    weights = [route["weight"] for route in routes]
    if sum(weights) != 100:
        raise invalid(f"Sum of routing configuration weights must equal 100. Received: {weights}")
    machine = store.machines.get(parts[0].base)
    if machine is None or not all(one.qualifier in machine.versions for one in parts):
        raise unreferenced()
    return machine
