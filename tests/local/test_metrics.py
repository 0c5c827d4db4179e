"""CloudWatch in the local cloud: services report metrics, filters count log lines, alarms change their state."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import ended, eventually, numbers, sending_policy

MACHINE = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}


def total(cloud: Any, namespace: str, name: str, **dimensions: str) -> float | None:
    """The sum of a metric over the last hour. None without data."""
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=datetime.now(UTC) - timedelta(hours=1),
        EndTime=datetime.now(UTC) + timedelta(days=2),
        Period=86400 * 3,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(one["Sum"] for one in found) if found else None


@pytest.fixture
def advance(cloud: Any) -> Iterator[Callable[[float], None]]:
    """Moves the alarms' clock forward, for one test."""
    path = cloud.state / "alarm-clock"

    def further(seconds: float) -> None:
        ahead = float(path.read_text()) if path.exists() else 0.0
        path.write_text(str(ahead + seconds))

    yield further
    path.unlink(missing_ok=True)


@pytest.fixture
def alarm(cloud: Any) -> Iterator[Callable[..., Callable[[], str]]]:
    """Makes an alarm on a new metric above 0 within one minute. Returns a function that reads the alarm's state."""
    cloudwatch, made = cloud.client("cloudwatch"), []

    def make(**given: Any) -> Callable[[], str]:
        name = f"tests-alarm-{next(numbers)}"
        made.append(name)
        whole = {
            "Namespace": "Tests",
            "MetricName": name,
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            "TreatMissingData": "notBreaching",
            **given,
        }
        cloudwatch.put_metric_alarm(AlarmName=name, **{key: value for key, value in whole.items() if value is not None})
        return lambda: cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]

    yield make
    cloudwatch.delete_alarms(AlarmNames=made)


def put(cloud: Any, name: str, value: float) -> None:
    cloud.client("cloudwatch").put_metric_data(Namespace="Tests", MetricData=[{"MetricName": name, "Value": value}])


def test_an_alarm_goes_off_and_back_and_tells_its_topic(
    cloud: Any, alarm: Any, advance: Callable[[float], None]
) -> None:
    """A new alarm says once that all is well. One without OKActions only tells that it goes off."""
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    topic = sns.create_topic(Name=f"tests-alarms-{next(numbers)}")["TopicArn"]
    queue = sqs.create_queue(QueueName=f"tests-alarms-{next(numbers)}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": sending_policy(arn, "sns")})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    state = alarm(AlarmActions=[topic], OKActions=[topic])
    quiet = alarm(AlarmActions=[topic], MetricName=state()["MetricName"])

    eventually(lambda: state()["StateValue"] == quiet()["StateValue"] == "OK")

    put(cloud, state()["MetricName"], 2)
    eventually(lambda: state()["StateValue"] == quiet()["StateValue"] == "ALARM")
    assert "1 out of the last 1 datapoints [2] were greater than the threshold (0)" in state()["StateReason"]
    advance(600)
    eventually(lambda: state()["StateValue"] == quiet()["StateValue"] == "OK")

    told: list[Any] = []

    def all_told() -> bool:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            told.append(json.loads(json.loads(message["Body"])["Message"]))
        return len(told) == 4

    eventually(all_told)
    changes = {name: [] for name in (state()["AlarmName"], quiet()["AlarmName"])}
    for one in told:
        changes[one["AlarmName"]].append((one["OldStateValue"], one["NewStateValue"]))
    assert list(changes.values()) == [
        [("INSUFFICIENT_DATA", "OK"), ("OK", "ALARM"), ("ALARM", "OK")],
        [("OK", "ALARM")],
    ]


def test_an_alarm_on_an_expression_goes_off(cloud: Any, alarm: Any) -> None:
    name = f"tests-share-{next(numbers)}"
    metrics = [
        {
            "Id": which,
            "MetricStat": {"Metric": {"Namespace": "Tests", "MetricName": name + which}, "Period": 60, "Stat": "Sum"},
            "ReturnData": False,
        }
        for which in ("low", "passed")
    ]
    metrics.append({"Id": "share", "Expression": "100 * low / (low + FILL(passed, 0))", "ReturnData": True})
    plain = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))
    state = alarm(Metrics=metrics, Threshold=50, **plain)
    put(cloud, f"{name}passed", 1)
    put(cloud, f"{name}low", 1)
    eventually(lambda: state()["StateValue"] == "OK")
    put(cloud, f"{name}low", 1)
    eventually(lambda: state()["StateValue"] == "ALARM")
    assert "[66.6667]" in state()["StateReason"]


def test_changing_an_alarm_leaves_its_state(cloud: Any, alarm: Any) -> None:
    state = alarm()
    put(cloud, state()["MetricName"], 1)
    eventually(lambda: state()["StateValue"] == "ALARM")
    kept = ("Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "ComparisonOperator", "AlarmName")
    cloud.client("cloudwatch").put_metric_alarm(**{key: state()[key] for key in kept}, Threshold=0.5)
    assert (state()["StateValue"], state()["Threshold"]) == ("ALARM", 0.5)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"Statistic": None, "ExtendedStatistic": "p101"}, "statistic p101"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "ComparisonOperator LessThanLowerThreshold"),
    ],
)
def test_an_alarm_that_cannot_be_evaluated_is_refused_by_name(alarm: Any, given: Any, what: str) -> None:
    with pytest.raises(ClientError, match=what):
        alarm(**given)


def test_a_function_reports_calls_errors_and_time(cloud: Any, function: Any) -> None:
    arn = function("def handler(event, context):\n    return 1 / event['by']\n")
    name = arn.rpartition(":")[2]
    for divisor in (1, 1, 0):
        cloud.client("lambda").invoke(FunctionName=arn, Payload=json.dumps({"by": divisor}))
    found = {metric: total(cloud, "AWS/Lambda", metric, FunctionName=name) for metric in ("Invocations", "Errors")}
    assert found == {"Invocations": 3, "Errors": 1}
    assert total(cloud, "AWS/Lambda", "Duration", FunctionName=name) > 0
    assert total(cloud, "AWS/Lambda", "Throttles", FunctionName=name) == 0


def test_a_refused_call_of_a_function_is_a_throttle_and_no_call(cloud: Any, function: Any) -> None:
    arn = function("def handler(event, context):\n    pass\n")
    name = arn.rpartition(":")[2]
    cloud.client("lambda").put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="Rate Exceeded"):
        cloud.client("lambda").invoke(FunctionName=arn)
    assert total(cloud, "AWS/Lambda", "Throttles", FunctionName=name) == 1
    assert total(cloud, "AWS/Lambda", "Invocations", FunctionName=name) is None


def test_executions_report_how_they_ended(cloud: Any, state_machine: Any) -> None:
    good = state_machine(MACHINE)
    bad = state_machine({"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Boom"}}})
    client = cloud.client("stepfunctions")
    for arn in (good, good, bad):
        ended(client, client.start_execution(stateMachineArn=arn)["executionArn"])
    assert total(cloud, "AWS/States", "ExecutionsStarted", StateMachineArn=good) == 2
    eventually(lambda: total(cloud, "AWS/States", "ExecutionsSucceeded", StateMachineArn=good) == 2)
    eventually(lambda: total(cloud, "AWS/States", "ExecutionsFailed", StateMachineArn=bad) == 1)
    assert total(cloud, "AWS/States", "ExecutionsFailed", StateMachineArn=good) is None


def test_a_metric_filter_counts_what_matches_and_gives_its_default_for_the_rest(cloud: Any) -> None:
    logs, number = cloud.client("logs"), next(numbers)
    group, metric = f"tests-filtered-{number}", f"Matches{number}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    transformation = {"metricName": metric, "metricNamespace": "Tests", "metricValue": "1", "defaultValue": 0}
    for pattern in ('{ $.kind = "b" }', '{ $.kind = "a" }'):  # the second replaces the first
        logs.put_metric_filter(
            logGroupName=group, filterName="kinds", filterPattern=pattern, metricTransformations=[transformation]
        )
    assert len(logs.describe_metric_filters(logGroupName=group)["metricFilters"]) == 1
    assert total(cloud, "Tests", metric) is None
    now = int(time.time() * 1000)
    messages = ['{"kind": "b"}', "no JSON"]
    put_events = {"logGroupName": group, "logStreamName": "one"}
    logs.put_log_events(logEvents=[{"timestamp": now, "message": message} for message in messages], **put_events)
    assert total(cloud, "Tests", metric) == 0
    logs.put_log_events(logEvents=[{"timestamp": now, "message": '{"kind": "a"}'}], **put_events)
    assert total(cloud, "Tests", metric) == 1
    with pytest.raises(ClientError, match="filter patterns for JSON only"):
        logs.put_metric_filter(
            logGroupName=group, filterName="terms", filterPattern="ERROR", metricTransformations=[transformation]
        )


def test_a_rule_reports_the_events_that_match(cloud: Any) -> None:
    events, logs, number = cloud.client("events"), cloud.client("logs"), next(numbers)
    name, group = f"tests-rule-{number}", f"/aws/events/tests-{number}"
    logs.create_log_group(logGroupName=group)
    events.put_rule(Name=name, EventPattern='{"source": ["tests"], "detail-type": ["wanted"]}')
    events.put_targets(
        Rule=name, Targets=[{"Id": "log", "Arn": f"arn:aws:logs:us-east-1:123456789012:log-group:{group}"}]
    )
    for kind in ("wanted", "other"):
        events.put_events(Entries=[{"Source": "tests", "DetailType": kind, "Detail": "{}"}])
    eventually(lambda: total(cloud, "AWS/Events", "Invocations", RuleName=name) == 1)
    events.remove_targets(Rule=name, Ids=["log"])
    events.delete_rule(Name=name)
