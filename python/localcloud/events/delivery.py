"""EventBridge that delivers events: a rule's targets may be state machines, functions, topics, queues, logs and buses.

moto (``events/models.py``, ``Rule.send_to_targets``) raises an error for Step Functions, Lambda and SNS targets, and
the publisher gets it. It ignores Input and InputPath. It sends every event to a rule that only has a schedule, and to a
disabled rule.

AWS: EventBridge User Guide, Event bus targets. Targets are called asynchronously, and one target's failure is nobody
else's.
"""

from __future__ import annotations

import copy
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud import chain, log
from localcloud.context import Context, MetricStore
from localcloud.events.courier import Courier
from localcloud.events.pending import Origin, PendingEvents
from localcloud.events.targets import RuleTargets, check, check_number, is_archive, is_bus
from localcloud.events.timetable import Firing

if TYPE_CHECKING:
    from moto.events.models import EventsBackend, Rule


#: How many events of a rule come of one another before the log says so, a power of two.
MANY_EVENTS = 16


class Dispatch:
    """Accepts events for rules' targets. moto keeps the events of its archives."""

    def __init__(self, context: Context) -> None:
        self._metrics: MetricStore = context.metrics
        self._database = context.database
        self._pending = PendingEvents(context.database)
        self._courier = Courier(context.backends, self._pending, RuleTargets(context))
        context.starting.append(self._courier.resume)

    def accept(self, rule: Rule, event: dict[str, Any], *, forwarded: bool = False) -> None:
        """Keep an event for each target of a rule, and deliver it later.

        Args:
            forwarded: Whether the event comes from another event bus. Then it goes to no further one.
        """
        firing = self.prepared(rule, event, forwarded=forwarded)
        for statement, rows in firing.changes:
            self._database.now(statement, rows)
        firing.then()

    def prepared(self, rule: Rule, event: dict[str, Any], *, forwarded: bool = False) -> Firing:
        """An event for each target of a rule: what is to be kept, and what delivers it then."""
        where = {"account": rule.account_id, "region": rule.region_name}
        origin = Origin(rule.name, rule.arn, **where)
        targets = [dict(target) for target in rule.targets if not is_archive(target["Arn"])]
        if forwarded:
            for target in targets:
                if is_bus(target["Arn"]):
                    log.line(f"{rule.arn} does not send an event on to {target['Arn']}: it comes from an event bus")
            targets = [target for target in targets if not is_bus(target["Arn"])]
        _report(self._metrics, rule=rule.name, targets=len(targets), **where)
        trace = _followed(rule.arn)
        made = [self._pending.made(origin, target, event, time.time(), trace=trace) for target in targets]

        def deliver() -> None:
            for delivery, _ in made:
                self._courier.take(delivery)

        return Firing([change for _, change in made], deliver)


def install(context: Context) -> Dispatch:
    """Let rules deliver, and let PutTargets refuse what cannot be delivered to."""
    from moto.events.models import EventsBackend, Rule

    dispatch = Dispatch(context)
    archive, put_targets = Rule.send_to_targets, EventsBackend.put_targets

    def send_to_targets(
        self: Rule, original_event: dict[str, Any], transform_input: bool = True, *, forwarded: bool = False
    ) -> None:
        if self.state == "DISABLED" or (self.scheduled_expression and not self.event_pattern.get_pattern()):
            return
        try:
            event = _as_delivered(original_event)
            if not self.event_pattern.matches_event(event):
                return
            dispatch.accept(self, event, forwarded=forwarded)
            archives = [target for target in self.targets if is_archive(target["Arn"])]
            if archives:
                remaining = copy.copy(self)
                remaining.targets = archives
                archive(remaining, original_event, transform_input)
        except Exception as error:  # noqa: BLE001 - the publisher has nothing to do with it, nor have other rules
            log.line(f"an event for the rule {self.arn} is lost")
            log.failure(error)

    def checked(self: EventsBackend, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
        bus = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn))
        check(targets, bus.arn)
        if (rule := bus.rules.get(name)) is not None:
            check_number(rule.targets, targets)
        put_targets(self, name, event_bus_arn, targets)

    Rule.send_to_targets, EventsBackend.put_targets = send_to_targets, checked
    return dispatch


def send_to_default_bus(event: dict[str, Any]) -> None:
    """Send a service's event to the rules of the default event bus of the event's account and region.

    Args:
        event: In EventBridge's form: it has an ``account`` and a ``region``.
    """
    from moto.events.models import events_backends

    # dict.get does not note the backend as changed. Most clouds have no rule, and nothing changes then.
    known = events_backends[event["account"]].get(event["region"])
    if known is None or not known.event_buses["default"].rules:
        return
    bus = events_backends[event["account"]][event["region"]].event_buses["default"]
    for rule in list(bus.rules.values()):
        rule.send_to_targets(event, transform_input=False)


def service_event(
    source: str, kind: str, detail: dict[str, Any], *, account: str, region: str, resources: list[str]
) -> dict[str, Any]:
    """An event of one of AWS's services, of now, in EventBridge's form.

    Args:
        source: ``aws.s3``.
        kind: The detail-type.
        resources: ARNs.
    """
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": account,
        "time": time.time(),
        "region": region,
        "resources": resources,
        "detail": detail,
    }


def _followed(rule_arn: str) -> str | None:
    """The trace header of a rule's event; None if nobody has given one.

    A rule whose events come of one another is named in the log: after 16 of them, and then ever less often. AWS lets it
    go on.
    """
    header = chain.without(chain.current(), chain.LINEAGE)
    if header is None:
        return None
    header, before = chain.counted(header, chain.CIRCLE, rule_arn)
    if before >= MANY_EVENTS and before & (before - 1) == 0:
        log.line(
            f"{rule_arn} goes round in a circle: {before} of its events have come of one another. EventBridge does not "
            f"stop this. DisableRule ends it"
        )
    return header


def _report(metrics: MetricStore, *, rule: str, targets: int, account: str, region: str) -> None:
    """Count the rule's TriggeredRules, and one of its Invocations for each target.

    AWS: EventBridge User Guide, Monitoring Amazon EventBridge.
    """
    for metric, value in (("TriggeredRules", 1), ("Invocations", targets)):
        metrics.put("AWS/Events", metric, {"RuleName": rule}, value, "Count", account=account, region=region)


def _as_delivered(event: dict[str, Any]) -> dict[str, Any]:
    """The event with AWS's additions: an id, and the time in ISO 8601."""
    when = event.get("time")
    if isinstance(when, int | float):
        when = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    kept = {key: value for key, value in event.items() if key != "ingestion-time"}
    return {**kept, "id": event.get("id") or str(uuid.uuid4()), "time": when}
