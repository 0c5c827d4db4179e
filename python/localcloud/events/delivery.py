"""EventBridge that delivers events: a rule's targets may be state machines, functions, topics and queues.

moto (``events/models.py``, ``Rule.send_to_targets``) raises an error for Step Functions, Lambda and SNS targets. It
ignores Input and InputPath. It sends every event to a rule that only has a schedule, and to a disabled rule. Rate and
cron rules never fire.

AWS: EventBridge User Guide, Event bus targets, and Transforming input. Targets are called asynchronously. An event that
cannot be delivered goes to the target's dead-letter queue.

Example::

    >>> event = {"time": "2026-01-02T03:04:05Z", "detail": {"object": {"key": "a.png"}}}
    >>> transformer = {"InputPathsMap": {"key": "$.detail.object.key"}, "InputTemplate": '{"s3_key": <key>}'}
    >>> transformed(transformer, event, "arn:aws:events:us-east-1:123456789012:rule/uploads")
    '{"s3_key": "a.png"}'
"""

from __future__ import annotations

import copy
import json
import re
import threading
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud import log
from localcloud.context import Context, MetricStore
from localcloud.events.pending import Delivery, Origin, PendingEvents
from localcloud.iam.roles import Roles

if TYPE_CHECKING:
    from moto.events.models import Rule

SERVICE = "events.amazonaws.com"
#: The services of the targets that receive events, and the action that needs permission.
ACTIONS = {
    "states": "states:StartExecution",
    "lambda": "lambda:InvokeFunction",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
}


def install(context: Context) -> None:
    """Let rules deliver to the targets in ``ACTIONS``. moto keeps the others."""
    from moto.events.models import Rule

    send, pending = Rule.send_to_targets, PendingEvents(context.database)

    def begin(delivery: Delivery) -> None:
        threading.Thread(target=_deliver, args=(context, pending, delivery), daemon=True).start()

    def resume() -> None:
        """Send what had not arrived when the cloud ended."""
        for delivery in pending.all():
            begin(delivery)

    context.starting.append(resume)

    def send_to_targets(self: Rule, original_event: dict[str, Any], transform_input: bool = True) -> None:
        if self.state != "ENABLED" or (self.scheduled_expression and not self.event_pattern.get_pattern()):
            return
        event = _as_delivered(original_event)
        if not self.event_pattern.matches_event(event):
            return
        where = {"account": self.account_id, "region": self.region_name}
        _report(context.metrics, rule=self.name, targets=len(self.targets), **where)
        mine = [target for target in self.targets if _service(target) in ACTIONS]
        for target in mine:
            begin(pending.add(Origin(self.name, self.arn, **where), target, event))
        others = [target for target in self.targets if target not in mine]
        if others:
            remaining = copy.copy(self)
            remaining.targets = others
            send(remaining, original_event, transform_input)

    Rule.send_to_targets = send_to_targets


def send_to_default_bus(event: dict[str, Any]) -> None:
    """Send a service's event to the rules of the default event bus of the event's account and region.

    Args:
        event: In EventBridge's form: it has an ``account`` and a ``region``.
    """
    from moto.events.models import events_backends

    bus = events_backends[event["account"]][event["region"]].event_buses["default"]
    for rule in list(bus.rules.values()):
        rule.send_to_targets(event, transform_input=False)


def _report(metrics: MetricStore, *, rule: str, targets: int, account: str, region: str) -> None:
    """Count the rule's TriggeredRules, and one of its Invocations for each target.

    AWS: EventBridge User Guide, Monitoring Amazon EventBridge.
    """
    for metric, value in (("TriggeredRules", 1), ("Invocations", targets)):
        metrics.put("AWS/Events", metric, {"RuleName": rule}, value, "Count", account=account, region=region)


def input_of(target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    """The text that a target receives: its constant, a part of the event, the filled template, or the whole event."""
    if "Input" in target:
        return target["Input"]
    if "InputPath" in target:
        return json.dumps(at(event, target["InputPath"]))
    if "InputTransformer" in target:
        return transformed(target["InputTransformer"], event, rule_arn)
    return json.dumps(event)


def transformed(transformer: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    """An input template with its ``<variables>`` filled in.

    Inside a quoted string a value is inserted as text, and elsewhere as JSON. A path that the event lacks becomes an
    empty text, or null.
    """
    plain = {key: value for key, value in event.items() if key != "detail"}
    values = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": plain,
        "aws.events.event.json": event,
    }
    values |= {name: at(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    quoted = False

    def fill(match: re.Match[str]) -> str:
        nonlocal quoted
        if match.group() == '"':
            quoted = not quoted
        if match.group("name") is None or match.group("name") not in values:
            return match.group()
        value = values[match.group("name")]
        if not quoted:
            return json.dumps(value)
        text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
        return json.dumps(text)[1:-1]

    return re.sub(r'\\.|"|<(?P<name>[\w.-]+)>', fill, transformer["InputTemplate"])


def at(event: Any, path: str) -> Any:
    """The value at a JSON path with dots and brackets; None if there is none.

    Example::

        >>> at({"detail": {"object": {"key": "a.png"}}}, "$.detail.object.key")
        'a.png'
    """
    for name, index, key in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]", path):
        try:
            event = event[int(index)] if index else event[name or key]
        except (KeyError, IndexError, TypeError):
            return None
    return event


def _as_delivered(event: dict[str, Any]) -> dict[str, Any]:
    """The event with AWS's additions: an id, and the time in ISO 8601."""
    when = event.get("time")
    if isinstance(when, int | float):
        when = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    kept = {key: value for key, value in event.items() if key != "ingestion-time"}
    return {**kept, "id": event.get("id") or str(uuid.uuid4()), "time": when}


def _deliver(context: Context, pending: PendingEvents, delivery: Delivery) -> None:
    """Deliver an event. It is kept until then, and what it changes is kept in the same transaction as its arrival."""
    try:
        with context.backends.change() as also:
            _deliver_once(context, delivery)
            also.append(pending.arrived(delivery))
    except Exception as error:  # noqa: BLE001 - the next start of the cloud delivers it
        log.failure(error)


def _deliver_once(context: Context, delivery: Delivery) -> None:
    rule, target, event = delivery.origin, delivery.target, delivery.event
    try:
        _authorize(context.roles, rule, target)
        _send(context, delivery, input_of(target, event, rule.arn))
    except Exception as error:  # noqa: BLE001 - whatever the error is, the event goes to the dead-letter queue
        if getattr(error, "code", None) == "ExecutionAlreadyExists":
            return  # it has arrived, and the cloud was killed before that was noted
        log.line(f"event {event['id']} of rule {rule.name} could not be delivered to {target['Arn']}")
        log.failure(error)
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue:
            context.roles.require_service(SERVICE, "sqs:SendMessage", queue, source_arn=rule.arn)
            _queue(rule.account, queue, json.dumps(event), None)


def _authorize(roles: Roles, rule: Origin, target: dict[str, Any]) -> None:
    """Check that the rule may reach a target: with the target's role, or without a role by the target's own policy.

    AWS: EventBridge User Guide, "Using resource-based policies" and "Using identity-based policies".

    Raises:
        AccessDenied: The policies do not allow it.
        CannotAssume: EventBridge may not assume the role.
    """
    arn, role, action = target["Arn"], target.get("RoleArn"), ACTIONS[_service(target)]
    if role is None:
        roles.require_service(SERVICE, action, arn, source_arn=rule.arn)
        return
    roles.assume(role, SERVICE, source_arn=rule.arn)
    roles.require(role, action, arn, session="events")


def _send(context: Context, delivery: Delivery, text: str) -> None:
    target, account = delivery.target, delivery.origin.account
    arn = target["Arn"]
    region = arn.split(":")[3]
    match _service(target):
        case "states":
            context.actions["states:StartExecution"](arn, name=delivery.name, input=text)
        case "lambda":
            context.actions["lambda:InvokeAsync"](arn, text)
        case "sns":
            from moto.sns.models import sns_backends

            sns_backends[account][region].publish(text, arn=arn)
        case "sqs":
            _queue(account, arn, text, (target.get("SqsParameters") or {}).get("MessageGroupId"))


def _queue(account: str, arn: str, text: str, group: str | None) -> None:
    from moto.sqs.models import sqs_backends

    region, _, name = arn.split(":")[3:]
    sqs_backends[account][region].send_message(queue_name=name, message_body=text, group_id=group)


def _service(target: dict[str, Any]) -> str:
    return target["Arn"].split(":")[2]
