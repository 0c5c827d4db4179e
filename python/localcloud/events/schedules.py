"""Rules with a ScheduleExpression fire: their targets get a "Scheduled Event".

moto: ``events/models.py``, ``EventsBackend.put_rule`` accepts most texts as a schedule, and no rule ever fires.

AWS: EventBridge User Guide, "Creating a scheduled rule": schedules are in UTC, only the default bus has them, and a
rate begins with the rule.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, events_backends

from localcloud.context import Context
from localcloud.events.delivery import Dispatch
from localcloud.events.recurrence import BadExpression, read
from localcloud.events.timetable import Firing, Plan, Timetable

if TYPE_CHECKING:
    from moto.events.models import Rule


def install(context: Context, dispatch: Dispatch) -> None:
    """Let rules fire, and let PutRule check their expressions."""

    def fire(arn: str, moment: float, last: bool) -> Firing:
        rule = _rule(arn)
        return dispatch.prepared(rule, scheduled_event(rule, moment)) if rule else Firing()

    table = Timetable(context.database, context.backends, "events", fire)
    put, delete = EventsBackend.put_rule, EventsBackend.delete_rule
    enable, disable = EventsBackend.enable_rule, EventsBackend.disable_rule

    def resume() -> None:
        rules = [
            rule
            for _, _, backend in events_backends.iter_backends()
            for bus in backend.event_buses.values()
            for rule in bus.rules.values()
        ]
        table.begin({rule.arn: plan for rule in rules if (plan := plan_of(rule))})

    def put_rule(self: EventsBackend, name: str, *given: Any, **named: Any) -> Rule:
        check(named.get("scheduled_expression"))
        rule = put(self, name, *given, **named)
        table.plan(rule.arn, plan_of(rule))
        return rule

    def again(self: EventsBackend, name: str, event_bus_arn: str | None) -> None:
        bus = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn))
        if rule := bus.rules.get(name):
            table.plan(rule.arn, plan_of(rule))

    def enable_rule(self: EventsBackend, name: str, event_bus_arn: str | None) -> bool:
        found = enable(self, name, event_bus_arn)
        again(self, name, event_bus_arn)
        return found

    def disable_rule(self: EventsBackend, name: str, event_bus_arn: str | None) -> bool:
        found = disable(self, name, event_bus_arn)
        again(self, name, event_bus_arn)
        return found

    def delete_rule(self: EventsBackend, name: str, event_bus_arn: str | None) -> None:
        delete(self, name, event_bus_arn)
        if self._normalize_event_bus_arn(event_bus_arn) == "default":
            table.plan(f"arn:aws:events:{self.region_name}:{self.account_id}:rule/{name}", None)

    EventsBackend.put_rule, EventsBackend.delete_rule = put_rule, delete_rule
    EventsBackend.enable_rule, EventsBackend.disable_rule = enable_rule, disable_rule
    context.starting.append(resume)


def check(expression: str | None) -> None:
    """Refuse a ScheduleExpression that is none.

    Raises:
        ValidationException: With AWS's words.
    """
    try:
        if expression:
            read(expression)
    except BadExpression:
        raise ValidationException("Parameter ScheduleExpression is not valid.") from None


def plan_of(rule: Rule) -> Plan | None:
    """When a rule fires; None if it does not."""
    if rule.state == "DISABLED" or not rule.scheduled_expression:
        return None
    try:
        return Plan(read(rule.scheduled_expression), rule.scheduled_expression)
    except BadExpression:  # moto has accepted it
        return None


def scheduled_event(rule: Rule, moment: float) -> dict[str, Any]:
    """What the rule's targets get (EventBridge User Guide, "Creating a scheduled rule")."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.account_id,
        "time": datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": rule.region_name,
        "resources": [rule.arn],
        "detail": {},
    }


def _rule(arn: str) -> Rule | None:
    region, account = arn.split(":")[3:5]
    bus = events_backends[account][region].event_buses["default"]
    return bus.rules.get(arn.rpartition("/")[2])
