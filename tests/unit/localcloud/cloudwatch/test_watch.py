"""An alarm is evaluated again when its outcome may have changed, and only then."""

from __future__ import annotations

import random
from collections import defaultdict
from types import SimpleNamespace

import pytest
from moto.cloudwatch.models import Alarm

from localcloud.cloudwatch import watch
from localcloud.cloudwatch.series import Datum
from localcloud.cloudwatch.store import Metrics
from localcloud.durability.database import Database
from localcloud.latency import AWS
from tests.unit.localcloud.cloudwatch.test_store import NOON, Hands, key

OTHERS = (
    "region_name alarm_actions ok_actions insufficient_data_actions description metric_data_queries extended_statistic"
    " unit actions_enabled evaluate_low_sample_count_percentile threshold_metric_id rule"
)


def alarm(name, **given):
    whole = {
        "account_id": "123456789012",
        "namespace": "Tests",
        "metric_name": "Duration",
        "dimensions": [],
        "comparison_operator": "GreaterThanThreshold",
        "evaluation_periods": 3,
        "datapoints_to_alarm": 2,
        "period": 60,
        "threshold": 10.0,
        "statistic": "Sum",
        "treat_missing_data": "missing",
    }
    made = Alarm(name=name, **dict.fromkeys(OTHERS.split()), **(whole | given))
    made.account, made.region_name, made.state_value = "123456789012", "us-east-1", "INSUFFICIENT_DATA"
    return made


@pytest.fixture
def cloud(monkeypatch):
    database, clock = Database(), Hands()
    metrics = Metrics(database, clock)
    alarms: dict[str, Alarm] = {}
    monkeypatch.setattr(watch, "cloudwatch_backends", {"1": {"r": SimpleNamespace(alarms=alarms)}})
    yield SimpleNamespace(alarms=alarms, clock=clock, metrics=metrics, watch=watch.Evaluator(metrics))
    database.close()


def put(cloud, value):
    cloud.metrics.put("Tests", "Duration", {}, value, account="123456789012", region="us-east-1")


def test_alarms_without_data_are_evaluated_once(cloud):
    cloud.alarms |= {str(number): alarm(str(number)) for number in range(100)}
    assert cloud.watch.round() == 100
    for _ in range(10):
        cloud.clock.time += 1
        assert cloud.watch.round() == 0
    put(cloud, 1.0)
    assert cloud.watch.round() == 100


@pytest.mark.parametrize("treatment", ["missing", "ignore", "breaching", "notBreaching"])
def test_the_states_are_those_of_an_evaluation_every_second(cloud, treatment):
    lazy, eager = alarm("lazy", treat_missing_data=treatment), alarm("eager", treat_missing_data=treatment)
    cloud.alarms["lazy"] = lazy
    chance, evaluations, states = random.Random(7), 0, defaultdict(int)
    for second in range(4000):
        cloud.clock.time = NOON + second + 0.5
        if chance.random() < (0.03 if second // 600 % 2 else 0):
            put(cloud, chance.choice([1.0, 9.0, 20.0]))
        evaluations += cloud.watch.round()
        eager.state_value = watch.evaluate(eager, cloud.metrics).judgement.state
        assert lazy.state_value == eager.state_value, second
        states[lazy.state_value] += 1
    assert len(states) > 1
    assert evaluations < 1500


def test_data_of_the_future_count_when_their_time_comes(cloud):
    cloud.alarms["a"] = alarm("a", datapoints_to_alarm=1)
    cloud.metrics.add([(key(), Datum.of(99.0, time=NOON + 50.0))])
    cloud.watch.round()
    assert cloud.alarms["a"].state_value == "INSUFFICIENT_DATA"
    cloud.clock.time += 51
    cloud.watch.round()
    assert cloud.alarms["a"].state_value == "ALARM"


def test_a_clock_that_is_set_back_and_a_state_that_was_set_are_noticed(cloud):
    cloud.alarms["a"] = alarm("a")
    cloud.watch.round()
    cloud.clock.time -= 100
    assert cloud.watch.round() == 1
    cloud.watch.again(cloud.alarms["a"])
    assert cloud.watch.round() == 1


def test_an_alarm_of_a_slow_cloud_goes_off_and_back_as_late_as_its_metric(cloud, monkeypatch):
    monkeypatch.setattr(cloud.metrics, "_latency", AWS)
    late = cloud.metrics.late_of(key())
    short = alarm("short", evaluation_periods=1, datapoints_to_alarm=1, treat_missing_data="notBreaching")
    cloud.alarms["short"] = short
    put(cloud, 99.0)
    states = {}
    for second in range(int(late) + 300):
        cloud.clock.time = NOON + second + 0.5
        cloud.watch.round()
        states.setdefault(short.state_value, second)
        if short.state_value == "OK" and "ALARM" in states:
            break
    assert states["OK"] == 0
    assert states["ALARM"] == late
    assert second > late + 60
