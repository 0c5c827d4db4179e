"""Schedules fire: they call their targets at their moments, and go on after a restart.

moto: ``scheduler/models.py`` keeps schedules, and none of them does anything. UpdateSchedule loses the
ActionAfterCompletion, and a group that does not exist is an error of the server. CreateScheduleGroup takes a name
again, and the schedules of its group are lost. A ClientToken is ignored.

AWS: EventBridge Scheduler User Guide; EventBridge Scheduler API Reference, CreateSchedule: the same request with the
same ClientToken has the same answer. Here a schedule with a flexible time window fires at the window's begin.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.scheduler.exceptions import ScheduleGroupNotFound, ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, scheduler_backends
from moto.scheduler.responses import EventBridgeSchedulerResponse

from localcloud.context import Context
from localcloud.events.courier import Courier
from localcloud.events.pending import Origin, PendingEvents
from localcloud.events.timetable import Firing, Plan, Timetable
from localcloud.scheduler.checks import Wanted, check, plan_of
from localcloud.scheduler.invoking import Invocations

if TYPE_CHECKING:
    from moto.scheduler.models import Schedule

#: RetryPolicy's defaults (EventBridge Scheduler API Reference, RetryPolicy).
RETRIES = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}


class Schedules:
    """The schedules of one cloud."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pending = PendingEvents(context.database, "invocation")
        self._courier = Courier(context.backends, self._pending, Invocations(context))
        self._table = Timetable(context.database, context.backends, "scheduler", self._fire)
        context.starting.append(self._resume)

    def check(self, given: dict[str, Any], account: str, region: str) -> None:
        """Refuse CreateSchedule's or UpdateSchedule's parameters, by moto's names, that could not fire.

        Raises:
            ScheduleGroupNotFound: There is no such group.
            ValidationException: See :func:`~localcloud.scheduler.checks.check`.
        """
        group = given.get("group_name") or "default"
        if group not in scheduler_backends[account][region].schedule_groups:
            raise ScheduleGroupNotFound(group)
        wanted = Wanted(
            given["schedule_expression"],
            given.get("schedule_expression_timezone") or "UTC",
            given["flexible_time_window"],
            given["target"],
            given.get("start_date"),
            given.get("end_date"),
        )
        group_arn = f"arn:aws:scheduler:{region}:{account}:schedule-group/{group}"
        check(wanted, self._context.registry, self._context.roles, group_arn, now=time.time())
        given["target"]["RetryPolicy"] = {**RETRIES, **(given["target"].get("RetryPolicy") or {})}

    def changed(self, schedule: Schedule) -> None:
        """A schedule was made or updated."""
        self._table.plan(schedule.arn, _plan(schedule))

    def gone(self, arn: str) -> None:
        """A schedule was deleted."""
        self._table.plan(arn, None)

    def _resume(self) -> None:
        self._courier.resume()
        self._table.begin({one.arn: plan for one in _all() if (plan := _plan(one))})

    def _fire(self, arn: str, moment: float, last: bool) -> Firing:
        region, account = arn.split(":")[3:5]
        group, name = arn.split("/")[1:]
        held = scheduler_backends[account][region].schedule_groups.get(group)
        schedule = held.schedules.get(name) if held else None
        if held is None or schedule is None:
            return Firing()
        origin = Origin(name, arn, account, region)
        execution = str(uuid.uuid4())
        delivery, change = self._pending.made(origin, dict(schedule.target), {"time": moment}, moment, name=execution)
        if last and schedule.action_after_completion == "DELETE":
            held.delete_schedule(name)
        return Firing([change], lambda: self._courier.take(delivery))


def install(context: Context) -> None:
    """Let schedules fire, and let their operations check what they are given."""
    schedules = Schedules(context)
    create, update = EventBridgeSchedulerBackend.create_schedule, EventBridgeSchedulerBackend.update_schedule
    delete, drop = EventBridgeSchedulerBackend.delete_schedule, EventBridgeSchedulerBackend.delete_schedule_group
    answer = EventBridgeSchedulerResponse.update_schedule
    answer_first, answer_group = (
        EventBridgeSchedulerResponse.create_schedule,
        EventBridgeSchedulerResponse.create_schedule_group,
    )

    def create_schedule(self: EventBridgeSchedulerBackend, **given: Any) -> Schedule:
        schedules.check(given, self.account_id, self.region_name)
        made = create(self, **given)
        schedules.changed(made)
        return made

    def answer_create(self: EventBridgeSchedulerResponse) -> str:
        name, backend, request = self.uri.split("?")[0].split("/")[-1], self.scheduler_backend, _request(self)
        group = backend.schedule_groups.get(self._get_param("GroupName") or "default")
        known = group.schedules.get(name) if group else None
        if known is not None and request is not None and known.__dict__.get("request") == request:
            return json.dumps({"ScheduleArn": known.arn})
        answered = str(answer_first(self))
        backend.get_schedule(self._get_param("GroupName"), name).request = request
        return answered

    def answer_create_group(self: EventBridgeSchedulerResponse) -> str:
        name, backend, request = self._get_param("Name"), self.scheduler_backend, _request(self)
        known = backend.schedule_groups.get(name)
        if known is not None and (request is None or known.__dict__.get("request") != request):
            raise JsonRESTError("ConflictException", f"Schedule group {name} already exists.")
        if known is not None:
            return json.dumps({"ScheduleGroupArn": known.arn})
        answered = str(answer_group(self))
        backend.get_schedule_group(name).request = request
        return answered

    def update_schedule(self: EventBridgeSchedulerBackend, **given: Any) -> Schedule:
        self.get_schedule(given.get("group_name"), given["name"])
        schedules.check(given, self.account_id, self.region_name)
        made = update(self, **{**given, "state": given.get("state") or "ENABLED"})
        schedules.changed(made)
        return made

    def answer_update(self: EventBridgeSchedulerResponse) -> str:
        answered = answer(self)
        name = self.uri.split("?")[0].split("/")[-1]
        changed = self.scheduler_backend.get_schedule(self._get_param("GroupName"), name)
        changed.action_after_completion = self._get_param("ActionAfterCompletion")
        return str(answered)

    def delete_schedule(self: EventBridgeSchedulerBackend, group_name: str | None, name: str) -> None:
        arn = self.get_schedule(group_name, name).arn
        delete(self, group_name, name)
        schedules.gone(arn)

    def delete_schedule_group(self: EventBridgeSchedulerBackend, name: str | None) -> None:
        if (name or "default") == "default":
            raise ValidationException("Deleting default schedule group is not allowed.")
        group = self.get_schedule_group(name)
        drop(self, name)
        for schedule in group.schedules.values():
            schedules.gone(schedule.arn)

    EventBridgeSchedulerBackend.create_schedule = create_schedule
    EventBridgeSchedulerBackend.update_schedule = update_schedule
    EventBridgeSchedulerBackend.delete_schedule = delete_schedule
    EventBridgeSchedulerBackend.delete_schedule_group = delete_schedule_group
    EventBridgeSchedulerResponse.update_schedule = answer_update
    EventBridgeSchedulerResponse.create_schedule = answer_create
    EventBridgeSchedulerResponse.create_schedule_group = answer_create_group


def _request(response: EventBridgeSchedulerResponse) -> str | None:
    """What makes two requests the same: all that they ask for, with the ClientToken. None without one."""
    if not response._get_param("ClientToken"):
        return None
    return json.dumps(json.loads(response.body), sort_keys=True)


def _all() -> Iterator[Schedule]:
    for _, _, backend in scheduler_backends.iter_backends():
        for group in backend.schedule_groups.values():
            yield from group.schedules.values()


def _plan(schedule: Schedule) -> Plan | None:
    """When a schedule fires; None if it does not."""
    if schedule.state == "DISABLED":
        return None
    expression, zone = schedule.schedule_expression, schedule.schedule_expression_timezone
    try:
        wanted = Wanted(expression, zone, {}, schedule.target, schedule.start_date, schedule.end_date)
        return plan_of(wanted)
    except ValidationException:  # moto has accepted it
        return None
