"""Evaluates the alarms, and publishes changes of state to the alarm's topics.

An alarm is evaluated again only if one of its metrics has new data, or if time has moved data from one of its periods
into another. So alarms without data cost nothing.

CloudWatch publishes in its own name. The policy of the topic must allow it, and so must the policy of the topic's KMS
key.

AWS: Amazon CloudWatch API Reference, PutMetricAlarm ("When you create an alarm, its state is set to INSUFFICIENT_DATA";
an update keeps the state) and SetAlarmState (the state lasts until the next evaluation); User Guide, Alarm events and
SNS notifications; Amazon SNS Developer Guide, Example cases for Amazon SNS access control.
"""

from __future__ import annotations

import json
import math
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from localcloud import log
from localcloud.cloudwatch import alarms, expressions
from localcloud.cloudwatch.series import PLAIN, Datum, is_statistic, statistic
from localcloud.cloudwatch.store import Key, Metrics, key_of
from localcloud.iam.roles import AccessDenied
from localcloud.sns import encryption

if TYPE_CHECKING:
    from localcloud.iam.roles import Roles

EVERY_SECONDS = 1.0
# A round of evaluations is followed by a pause of so many times its processor time, so that alarms never take a core.
# Its length does not count: on a busy machine a round waits long, and alarms must not be late because of others.
PAUSE = 20
ERROR_SECONDS = 60.0  # until an alarm that cannot be evaluated is tried again
MOST_HISTORY = 100
SERVICE = "cloudwatch.amazonaws.com"


def install(metrics: Metrics, roles: Roles) -> None:
    """Refuse alarms that cannot be evaluated, and evaluate the others while the cloud runs."""
    put, update = CloudWatchBackend.put_metric_alarm, Alarm.update_state
    evaluator = Evaluator(metrics)

    def put_metric_alarm(self: CloudWatchBackend, name: str, **given: Any) -> Alarm:
        before = self.alarms.get(name)
        alarm = put(self, name, **given)
        if problem := unsupported(alarm):
            self.alarms.pop(name)
            if before:
                self.alarms[name] = before
            raise ValidationError(problem)
        alarm.account = self.account_id
        if before:
            for kept in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
                setattr(alarm, kept, getattr(before, kept))
        else:
            alarm.state_value = "INSUFFICIENT_DATA"
        return alarm

    def update_state(self: Alarm, reason: str, reason_data: str, state_value: str) -> None:
        old = self.state_value
        update(self, reason, reason_data, state_value)
        del self.history[:-MOST_HISTORY]
        evaluator.again(self)
        cloudwatch_backends[self.account][self.region_name]  # so the new state is kept
        if old != state_value:
            _tell(self, old, roles)

    CloudWatchBackend.put_metric_alarm = put_metric_alarm
    Alarm.update_state = update_state
    threading.Thread(target=evaluator.run, name="alarms", daemon=True).start()


def unsupported(alarm: Alarm) -> str | None:
    """The reason why the local cloud cannot evaluate an alarm; None if it can."""
    if alarm.rule is not None:
        return "the local cloud does not support composite alarms"
    if alarm.comparison_operator not in alarms.OPERATORS or alarm.threshold is None:
        return f"the local cloud does not support the ComparisonOperator {alarm.comparison_operator}"
    stats = [query.metric_stat.stat for query in alarm.metric_data_queries if query.metric_stat]
    for name in stats or [alarm.extended_statistic or alarm.statistic]:
        if not is_statistic(str(name)):
            return f"the local cloud does not support the statistic {name}"
    try:
        _value(alarm, {})
    except expressions.UnknownExpression as error:
        return str(error)
    return None


@dataclass(frozen=True)
class WatchedMetric:
    """A metric that an alarm reads.

    Attributes:
        key: The metric.
        statistic: The statistic of each period.
        unit: Only data of this unit; None for all units.
    """

    key: Key
    statistic: str
    unit: str | None


@dataclass(frozen=True)
class Evaluated:
    """The outcome of an evaluation.

    Attributes:
        judgement: The alarm's state.
        until: The time, in seconds since 1970, until which it stays if no data come.
    """

    judgement: alarms.Judgement
    until: float


def sources(alarm: Alarm) -> dict[str, WatchedMetric]:
    """The metrics that an alarm reads, by their ids. The metric of an alarm without queries has the id ''."""

    def source(namespace: str, name: str, dimensions: Any, stat: str, unit: str | None) -> WatchedMetric:
        pairs = {one.name: one.value for one in dimensions}
        return WatchedMetric(key_of(alarm.account, alarm.region_name, namespace, name, pairs), stat, unit)

    if not alarm.metric_data_queries:
        stat = alarm.extended_statistic or alarm.statistic
        return {"": source(alarm.namespace, alarm.metric_name, alarm.dimensions, stat, alarm.unit)}
    stats = {query.id: query.metric_stat for query in alarm.metric_data_queries if query.metric_stat}
    return {
        name: source(one.metric.namespace, one.metric.metric_name, one.metric.dimensions, one.stat, one.unit)
        for name, one in stats.items()
    }


def evaluate(alarm: Alarm, metrics: Metrics) -> Evaluated:
    """The state that follows from the alarm's metrics now.

    If metrics are late, an alarm looks at the latest periods whose data are there, as on AWS: later.
    """
    late = max((metrics.late_of(one.key) for one in sources(alarm).values()), default=0.0)
    now, until = metrics.now() - late, math.inf
    count, period = int(alarm.evaluation_periods), int(_period(alarm))
    periods = count + alarms.FURTHER_PERIODS
    begin = now - periods * period
    found: dict[str, dict[int, Datum]] = {}
    for name, one in sources(alarm).items():
        needs_values = one.statistic not in PLAIN
        found[name] = metrics.periods(one.key, begin, now, period, unit=one.unit, values=needs_values)
        # The oldest data of a period are the next that time moves out of it. Data of the future move in.
        for number, datum in found[name].items():
            until = min(until, now + datum.time - (begin + number * period))
        until = min(until, metrics.next_time(one.key, now) or math.inf)
    stats = {name: one.statistic for name, one in sources(alarm).items()}
    values = []
    for number in range(periods):
        data = {name: [each[number]] if number in each else [] for name, each in found.items()}
        values.append(_value(alarm, {name: statistic(stats[name], each) for name, each in data.items()}))
    rule = alarms.Rule(
        alarm.comparison_operator,
        float(alarm.threshold),
        count,
        int(alarm.datapoints_to_alarm or count),
        alarm.treat_missing_data or "missing",
    )
    return Evaluated(alarms.judge(values, rule, alarm.state_value), until + late)


def _period(alarm: Alarm) -> int:
    periods = [query.metric_stat.period for query in alarm.metric_data_queries if query.metric_stat]
    return max([int(period) for period in periods] or [int(alarm.period)])


def _value(alarm: Alarm, read: Mapping[str, float | None]) -> float | None:
    """The alarm's value in one period, from the statistics of its sources in it."""
    if not alarm.metric_data_queries:
        return read.get("")
    queries = alarm.metric_data_queries
    found = {query.id: read.get(query.id) for query in queries if query.metric_stat}
    watched = None
    for query in [one for one in queries if not one.metric_stat]:  # an expression may use earlier ones
        found[query.id] = expressions.evaluate(query.expression, found)
    for query in queries:
        if query.return_data is not False and str(query.return_data).lower() != "false":
            watched = query.id
    if watched is None:
        raise expressions.UnknownExpression("no metric of the alarm has ReturnData: set it to true for one")
    return found[watched]


@dataclass
class _Due:
    """When an alarm is evaluated again: at a time, or when one of its metrics has changed."""

    until: float
    seen: dict[Key, int]


class Evaluator:
    """Keeps the alarms' states up to date."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._due: weakref.WeakKeyDictionary[Alarm, _Due] = weakref.WeakKeyDictionary()
        self._latest = 0.0

    def again(self, alarm: Alarm) -> None:
        """Evaluate an alarm in the next round."""
        self._due.pop(alarm, None)

    def run(self) -> None:
        """Evaluate alarms until the process ends."""
        while True:
            began, used = time.monotonic(), time.thread_time()
            try:
                self.round()
            except Exception as error:  # noqa: BLE001 - the alarms go on
                log.failure(error)
            time.sleep(pause(time.monotonic() - began, time.thread_time() - used))

    def round(self) -> int:
        """Evaluate each alarm whose state may have changed. Returns how many were."""
        now = self._metrics.now()
        if now < self._latest:  # the clock was set back
            self._due.clear()
        self._latest, count = now, 0
        for regions in list(cloudwatch_backends.values()):
            for backend in list(regions.values()):
                for alarm in list(backend.alarms.values()):
                    if self._is_due(alarm, now):
                        count += 1
                        self._judge(alarm)
        return count

    def _is_due(self, alarm: Alarm, now: float) -> bool:
        due = self._due.get(alarm)
        return (
            due is None or due.until < now or any(self._metrics.changed(key) != seen for key, seen in due.seen.items())
        )

    def _judge(self, alarm: Alarm) -> None:
        try:
            seen = {one.key: self._metrics.changed(one.key) for one in sources(alarm).values()}
            found = evaluate(alarm, self._metrics)
            if found.judgement.state != alarm.state_value:
                alarm.update_state(found.judgement.reason, "{}", found.judgement.state)
            self._due[alarm] = _Due(found.until, seen)
        except Exception as error:  # noqa: BLE001 - one alarm's error must not stop the others
            log.failure(error)
            self._due[alarm] = _Due(self._metrics.now() + ERROR_SECONDS, {})


def pause(took: float, used: float) -> float:
    """The seconds to the next round, after one of so many seconds and so many seconds of processor time.

    Examples:
        >>> pause(0.25, 0.01), pause(30.0, 0.01), pause(0.5, 0.5)
        (0.75, 0.2, 10.0)
    """
    return max(EVERY_SECONDS - took, PAUSE * used)


def _tell(alarm: Alarm, old: str, roles: Roles) -> None:
    """Publish a change of state to the topics among the alarm's actions. The local cloud has no other actions."""
    actions = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }[alarm.state_value]
    if not alarm.actions_enabled:
        return
    from moto.sns.models import sns_backends

    for arn in actions or []:
        if arn.split(":")[2] != "sns":
            continue
        region, account = arn.split(":")[3:5]
        subject = f'{alarm.state_value}: "{alarm.name}" in {alarm.region_name}'[:100]
        try:
            _authorize(alarm, arn, roles)
            sns_backends[account][region].publish(json.dumps(message(alarm, old)), arn=arn, subject=subject)
        except AccessDenied as denied:
            log.line(f"alarm {alarm.name} failed to execute action {arn}: {denied}")
        except Exception as error:  # noqa: BLE001 - the topic may be gone; the alarm changes anyway, as on AWS
            log.failure(error)


def _authorize(alarm: Alarm, topic: str, roles: Roles) -> None:
    """Check that CloudWatch may publish to a topic.

    Raises:
        AccessDenied: The policy of the topic, or of its KMS key, does not allow it.
    """
    # SNS's default topic policy checks the owner of the alarm (Amazon SNS API Reference, CreateTopic).
    owner = {"aws:SourceOwner": alarm.account}
    roles.require_service(SERVICE, "sns:Publish", topic, source_arn=alarm.alarm_arn, context=owner)
    encryption.require_topic(roles, SERVICE, topic, source_arn=alarm.alarm_arn)


def message(alarm: Alarm, old: str) -> dict[str, Any]:
    """The message that CloudWatch publishes about a change of state."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": alarm.alarm_arn.split(":")[4],
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
        "Region": alarm.region_name,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Statistic": alarm.statistic,
            "Period": _period(alarm),
            "EvaluationPeriods": int(alarm.evaluation_periods),
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": float(alarm.threshold),
            "TreatMissingData": alarm.treat_missing_data or "missing",
        },
    }
