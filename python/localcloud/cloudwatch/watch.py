"""Evaluates every alarm once a second, and publishes changes of state to the alarm's topics.

CloudWatch publishes in its own name. The policy of the topic must allow it, and so must the policy of the topic's KMS
key.

AWS: Amazon CloudWatch API Reference, PutMetricAlarm ("When you create an alarm, its state is set to INSUFFICIENT_DATA";
an update keeps the state) and SetAlarmState (the state lasts until the next evaluation); User Guide, Alarm events and
SNS notifications; Amazon SNS Developer Guide, Example cases for Amazon SNS access control.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from localcloud import log
from localcloud.cloudwatch import alarms, expressions
from localcloud.cloudwatch.series import is_statistic, statistic
from localcloud.cloudwatch.store import Metrics
from localcloud.iam.roles import AccessDenied
from localcloud.sns import encryption

if TYPE_CHECKING:
    from localcloud.iam.roles import Roles

EVERY_SECONDS = 1.0
SERVICE = "cloudwatch.amazonaws.com"


def install(metrics: Metrics, roles: Roles) -> None:
    """Refuse alarms that cannot be evaluated, and evaluate the others while the cloud runs."""
    put, update = CloudWatchBackend.put_metric_alarm, Alarm.update_state

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
        if old != state_value:
            _tell(self, old, roles)

    CloudWatchBackend.put_metric_alarm = put_metric_alarm
    Alarm.update_state = update_state
    threading.Thread(target=_watch, args=(metrics,), name="alarms", daemon=True).start()


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
        _value(alarm, lambda *_: None)
    except expressions.UnknownExpression as error:
        return str(error)
    return None


def evaluate(alarm: Alarm, metrics: Metrics) -> alarms.Judgement:
    """The state that follows from the alarm's metrics now."""
    now, account, region = metrics.now(), alarm.account, alarm.region_name
    count = int(alarm.evaluation_periods)
    period = int(_period(alarm))
    values = []
    for number in range(count + alarms.FURTHER_PERIODS, 0, -1):
        begin = now - number * period

        def read(
            namespace: str, name: str, dimensions: Any, stat: str, unit: str | None, begin: float = begin
        ) -> float | None:
            pairs = {one.name: one.value for one in dimensions}
            data = metrics.between(
                namespace, name, pairs, begin, begin + period, unit=unit, account=account, region=region
            )
            return statistic(stat, data)

        values.append(_value(alarm, read))
    rule = alarms.Rule(
        alarm.comparison_operator,
        float(alarm.threshold),
        count,
        int(alarm.datapoints_to_alarm or count),
        alarm.treat_missing_data or "missing",
    )
    return alarms.judge(values, rule, alarm.state_value)


def _period(alarm: Alarm) -> int:
    periods = [query.metric_stat.period for query in alarm.metric_data_queries if query.metric_stat]
    return max([int(period) for period in periods] or [int(alarm.period)])


def _value(alarm: Alarm, read: Callable[[str, str, Any, str, str | None], float | None]) -> float | None:
    """The alarm's value in one period. ``read`` returns the statistic of a metric in it."""
    if not alarm.metric_data_queries:
        stat = alarm.extended_statistic or alarm.statistic
        return read(alarm.namespace, alarm.metric_name, alarm.dimensions, stat, alarm.unit)
    found: dict[str, float | None] = {}
    waiting = list(alarm.metric_data_queries)
    for query in [one for one in waiting if one.metric_stat]:
        stat = query.metric_stat
        found[query.id] = read(
            stat.metric.namespace, stat.metric.metric_name, stat.metric.dimensions, stat.stat, stat.unit
        )
    watched = None
    for query in [one for one in waiting if not one.metric_stat]:  # an expression may use earlier ones
        found[query.id] = expressions.evaluate(query.expression, found)
    for query in waiting:
        if query.return_data is not False and str(query.return_data).lower() != "false":
            watched = query.id
    if watched is None:
        raise expressions.UnknownExpression("no metric of the alarm has ReturnData: set it to true for one")
    return found[watched]


def _watch(metrics: Metrics) -> None:
    while True:
        began = time.monotonic()
        for regions in list(cloudwatch_backends.values()):
            for backend in list(regions.values()):
                for alarm in list(backend.alarms.values()):
                    _judge(alarm, metrics)
        time.sleep(max(0.1, EVERY_SECONDS - (time.monotonic() - began)))


def _judge(alarm: Alarm, metrics: Metrics) -> None:
    try:
        found = evaluate(alarm, metrics)
        if found.state != alarm.state_value:
            alarm.update_state(found.reason, "{}", found.state)
    except Exception as error:  # noqa: BLE001 - one alarm's error must not stop the others
        log.failure(error)


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
