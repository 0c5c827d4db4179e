"""The targets of rules: which ones are accepted, who may reach them, and how they are reached.

AWS: EventBridge API Reference, PutTargets and Target; EventBridge User Guide, "Using resource-based policies" and
"Using identity-based policies". What the local cloud cannot deliver to is refused by name, in PutTargets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import ValidationException

from localcloud import chain
from localcloud.context import Context
from localcloud.events import sending
from localcloud.events.failures import Undelivered, Unsendable
from localcloud.events.inputs import OWN_VARIABLES, input_of, is_path, template_flaw, variables
from localcloud.events.pending import Delivery, Origin
from localcloud.iam.roles import Roles

SERVICE = "events.amazonaws.com"
#: CloudWatch Logs lets either of them in (EventBridge User Guide, "CloudWatch Logs permissions").
LOG_WRITERS = (SERVICE, "delivery.logs.amazonaws.com")
#: The action that each kind of target needs, and how the rest of its ARN begins.
ACTIONS = {
    "states": ("states:StartExecution", "stateMachine:"),
    "lambda": ("lambda:InvokeFunction", "function:"),
    "sns": ("sns:Publish", ""),
    "sqs": ("sqs:SendMessage", ""),
    "logs": ("logs:PutLogEvents", "log-group:"),
    "events": ("events:PutEvents", "event-bus/"),
}
#: EventBridge User Guide, "Amazon EventBridge quotas".
MOST_TARGETS = 5
KINDS = "Lambda functions, SQS queues, SNS topics, state machines, CloudWatch log groups and event buses"
_ARN = re.compile(r"arn:[\w-]+:(?P<service>[\w-]+):(?P<region>[\w-]*):(?P<account>\d*):(?P<rest>.+)")
#: What moto's archives have as their rule's target. It is no target of PutTargets.
_ARCHIVES = re.compile(r"arn:[\w-]+:events:[\w-]+:::")


def is_archive(arn: str) -> bool:
    """Whether a target is moto's archive, which keeps events itself."""
    return _ARCHIVES.fullmatch(arn) is not None


def is_bus(arn: str) -> bool:
    """Whether a target is an event bus."""
    return arn.split(":")[2:3] == ["events"] and ":event-bus/" in arn


def check(targets: Iterable[dict[str, Any]], bus_arn: str) -> None:
    """Refuse targets that can never be delivered to.

    Args:
        bus_arn: The bus of their rule.

    Raises:
        ValidationException: With AWS's words where AWS refuses it too.
    """
    for target in targets:
        arn, name = str(target["Arn"]), target["Id"]
        if is_archive(arn):
            continue
        _check_kind(arn, name, bus_arn)
        if arn.split(":")[2] == "states" and not target.get("RoleArn"):
            raise ValidationException(f"RoleArn is required for target {arn}.")
        _check_input(target, name)
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue and (":sqs:" not in queue or queue.endswith(".fifo")):
            raise ValidationException(f"The dead-letter queue of target {name} must be a standard SQS queue: {queue}")


def check_number(present: Iterable[dict[str, Any]], targets: Iterable[dict[str, Any]]) -> None:
    """Refuse more targets than a rule may have.

    Args:
        present: The targets that the rule has.
        targets: Those that are put. A target with the Id of a present one takes its place.

    Raises:
        JsonRESTError: LimitExceededException.
    """
    named = {one["Id"] for one in (*present, *targets) if not is_archive(str(one["Arn"]))}
    if len(named) > MOST_TARGETS:
        raise JsonRESTError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")


def _check_kind(arn: str, name: str, bus_arn: str) -> None:
    found = _ARN.fullmatch(arn)
    if found is None:
        raise ValidationException(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
    _, begins = ACTIONS.get(found["service"], ("", None))
    if begins is None or not found["rest"].startswith(begins):
        kind = re.split("[:/]", found["rest"])[0] if re.search("[:/]", found["rest"]) else "resource"
        raise ValidationException(
            f"Target {name}: the local cloud cannot deliver events to {found['service']} {kind} ({arn}). It delivers "
            f"to {KINDS}."
        )
    if arn == bus_arn:
        raise ValidationException(f"Target {name}: the event bus {arn} would send each event to itself again.")


def _check_input(target: dict[str, Any], name: str) -> None:
    if sum(field in target for field in ("Input", "InputPath", "InputTransformer")) > 1:
        raise ValidationException(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}."
        )
    if "Input" in target:
        try:
            json.loads(target["Input"])
        except ValueError:
            raise ValidationException(f"JSON syntax error in input for target {name}.") from None
    if "InputPath" in target and not is_path(str(target["InputPath"])):
        raise ValidationException(f"Invalid InputPath for target {name}: {target['InputPath']}")
    transformer = target.get("InputTransformer") or {}
    for key, path in (transformer.get("InputPathsMap") or {}).items():
        if str(key).lower().startswith("aws"):
            raise ValidationException(f"InputPathsMap for target {name} contains the reserved key {key}.")
        if not is_path(str(path)):
            raise ValidationException(f"Invalid InputPathsMap for target {name}: {path}")
    known = OWN_VARIABLES | (transformer.get("InputPathsMap") or {}).keys()
    for variable in variables(transformer.get("InputTemplate") or ""):
        if variable not in known:
            raise ValidationException(f"InputTemplate for target {name} contains invalid placeholder {variable}.")
    if transformer and (why := template_flaw(transformer)):
        raise ValidationException(f"Invalid InputTemplate for target {name} : {why}")


class RuleTargets:
    """Carries the events of rules to their targets."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def carry(self, delivery: Delivery) -> None:
        """Deliver once, if the policies allow it.

        Raises:
            Exception: Whatever the target's service raises.
        """
        rule, target, event = delivery.origin, delivery.target, delivery.event
        authorize(self._context.roles, rule, target)
        text, arn = input_of(target, event, rule.arn), target["Arn"]
        with chain.carrying(delivery.trace):
            self._send(delivery, arn, text)

    def _send(self, delivery: Delivery, arn: str, text: str) -> None:
        target = delivery.target
        match arn.split(":")[2]:
            case "states":
                self._start(arn, delivery.name, text, delivery.trace)
            case "lambda":
                self._context.actions["lambda:InvokeAsync"](arn, text, trace_header=delivery.trace)
            case "sns":
                sending.to_topic(arn, text)
            case "sqs":
                sending.to_queue(arn, text, group=(target.get("SqsParameters") or {}).get("MessageGroupId"))
            case "logs":
                sending.to_log_group(arn, text, shaped="InputTransformer" in target)
            case "events":
                _to_bus(arn, delivery.event)
            case other:
                raise Unsendable(f"the local cloud cannot deliver events to {other}: {arn}")

    def bury(self, delivery: Delivery, failure: Undelivered, limit: str | None) -> None:
        """Send an event that is never delivered to the target's dead-letter queue. An event without one is dropped.

        AWS: EventBridge User Guide, "Using dead-letter queues": the message is the event, and its attributes say why.
        """
        rule = delivery.origin
        where = {"account": rule.account, "region": rule.region}
        metrics, by_rule = self._context.metrics, {"RuleName": rule.name}
        metrics.put("AWS/Events", "FailedInvocations", by_rule, 1, "Count", **where)
        queue = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return
        attributes = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": delivery.target["Arn"],
            "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": failure.message,
            "RETRY_ATTEMPTS": str(delivery.attempts),
            **({"EXHAUSTED_RETRY_CONDITION": limit} if limit else {}),
        }
        self._context.roles.require_service(SERVICE, "sqs:SendMessage", queue, source_arn=rule.arn)
        sending.to_queue(queue, json.dumps(delivery.event), attributes=attributes)
        metrics.put("AWS/Events", "InvocationsSentToDlq", by_rule, 1, "Count", **where)

    def _start(self, arn: str, name: str, text: str, trace: str | None) -> None:
        try:
            self._context.actions["states:StartExecution"](arn, name=name, input=text, trace_header=trace)
        except Exception as error:
            if getattr(error, "code", None) != "ExecutionAlreadyExists":
                raise
            # It has arrived, and the cloud was killed before that was noted.


def authorize(roles: Roles, rule: Origin, target: dict[str, Any]) -> None:
    """Check that the rule may reach a target: with the target's role, or without a role by the target's own policy.

    Raises:
        AccessDenied: The policies do not allow it.
        CannotAssume: EventBridge may not assume the role.
    """
    arn, role = target["Arn"], target.get("RoleArn")
    service = arn.split(":")[2]
    action = ACTIONS[service][0] if service in ACTIONS else f"{service}:*"
    if service == "logs":
        _authorize_log(roles, rule, arn)
    elif role is None:
        roles.require_service(SERVICE, action, arn, source_arn=rule.arn)
    else:
        roles.assume(role, SERVICE, source_arn=rule.arn)
        roles.require(role, action, arn, session="events")


def _authorize_log(roles: Roles, rule: Origin, arn: str) -> None:
    """A log group's events need the resource policy of CloudWatch Logs. A target's role does not count."""
    group = f"{':'.join(arn.split(':')[:5])}:log-group:{sending.log_group(arn)}"
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        resource = f"{group}:log-stream:{rule.name}"
        if not any(roles.service_may(one, action, resource, source_arn=rule.arn) for one in LOG_WRITERS):
            roles.require_service(SERVICE, action, resource, source_arn=rule.arn)


def _to_bus(arn: str, event: dict[str, Any]) -> None:
    """Send the event to another bus, as it is.

    AWS: EventBridge User Guide, "Sending events between event buses in the same account and Region": "EventBridge can't
    route events received from a sender event bus to a third event bus." So two buses never send an event to and fro.
    """
    from moto.events.models import events_backends

    region, account = arn.split(":")[3:5]
    bus = events_backends[account][region]._get_event_bus(arn)
    for rule in list(bus.rules.values()):
        rule.send_to_targets(event, forwarded=True)
