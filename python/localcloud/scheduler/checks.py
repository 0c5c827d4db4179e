"""What CreateSchedule and UpdateSchedule are given is checked before it is kept. The plan of a schedule.

moto: ``scheduler/models.py`` keeps everything, with any expression, target, role and time zone.

AWS: EventBridge Scheduler API Reference and User Guide, "Schedule types". What the local cloud cannot call is refused
by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moto.scheduler.exceptions import ValidationException

from localcloud.events.recurrence import BadExpression, Once, read
from localcloud.events.timetable import Plan
from localcloud.iam.registry import Registry
from localcloud.iam.roles import CannotAssume, Roles
from localcloud.scheduler.calls import Uncallable, call_of

SERVICE = "scheduler.amazonaws.com"


@dataclass(frozen=True)
class Wanted:
    """The parts of a schedule that decide when and how it fires."""

    expression: str
    zone: str
    window: Mapping[str, Any]
    target: Mapping[str, Any]
    start: float | None
    end: float | None


def check(wanted: Wanted, registry: Registry, roles: Roles, group_arn: str, *, now: float) -> None:
    """Refuse what could not fire.

    Args:
        now: Seconds since 1970.

    Raises:
        ValidationException: With AWS's words where they are known.
    """
    plan = plan_of(wanted)
    if plan.end is not None and plan.end <= now:
        raise ValidationException("The EndDate you specify cannot be in the past.")
    _check_window(wanted.window)
    if wanted.start is not None and wanted.end is not None and wanted.end <= wanted.start:
        raise ValidationException("The EndDate you specify must come after the StartDate.")
    try:
        call_of(wanted.target, "{}", registry)
    except Uncallable as uncallable:
        raise ValidationException(str(uncallable)) from None
    if wanted.target.get("Input") and ":aws-sdk:" in wanted.target["Arn"]:
        _check_json(wanted.target["Input"])
    queue = (wanted.target.get("DeadLetterConfig") or {}).get("Arn")
    if queue and (":sqs:" not in queue or queue.endswith(".fifo")):
        raise ValidationException(f"The dead-letter queue must be a standard SQS queue: {queue}")
    try:
        roles.assume(wanted.target["RoleArn"], SERVICE, source_arn=group_arn)
    except CannotAssume:
        words = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        raise ValidationException(words) from None


def plan_of(wanted: Wanted) -> Plan:
    """When a schedule fires.

    Raises:
        ValidationException: The expression or the time zone is none.
    """
    try:
        expression = read(wanted.expression, lenient=True)
    except BadExpression:
        raise ValidationException(f"Invalid Schedule Expression {wanted.expression}.") from None
    try:
        zone = UTC if wanted.zone == "UTC" else ZoneInfo(wanted.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationException(f"Invalid Schedule Expression Timezone {wanted.zone}.") from None
    once = isinstance(expression, Once)
    return Plan(
        expression,
        mark=json.dumps([wanted.expression, wanted.zone, wanted.start, wanted.end]),
        zone=zone,
        at_once=True,
        start=None if once else wanted.start,
        end=None if once else wanted.end,
    )


def _check_window(window: Mapping[str, Any]) -> None:
    flexible, minutes = window.get("Mode") == "FLEXIBLE", window.get("MaximumWindowInMinutes")
    if flexible and minutes is None:
        raise ValidationException("MaximumWindowInMinutes must be provided when FlexibleTimeWindow Mode is FLEXIBLE.")
    if not flexible and minutes is not None:
        raise ValidationException("MaximumWindowInMinutes must not be provided when FlexibleTimeWindow Mode is OFF.")


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        raise ValidationException("Input is not valid JSON.") from None
