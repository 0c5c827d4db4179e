"""Metrics are there after a restart, their numbers are right, and old data become fewer."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest

from localcloud.cloudwatch.series import Datum, statistic
from localcloud.cloudwatch.store import DAY, HOUR, Metrics, key_of
from localcloud.durability.database import Database
from localcloud.latency import AWS

WHERE = {"account": "123456789012", "region": "us-east-1"}
NOON = 1_800_000_000 - 1_800_000_000 % DAY + DAY // 2


@dataclass
class Hands:
    """A clock that stands still."""

    time: float = float(NOON)

    def now(self) -> float:
        return self.time


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def database():
    made = Database()
    yield made
    made.close()


@pytest.fixture
def metrics(database, clock):
    return Metrics(database, clock)


def put(metrics, value, name="Duration", unit="Milliseconds", **dimensions):
    metrics.put("Tests", name, dimensions, value, unit, **WHERE)


def key(name="Duration", **dimensions):
    return key_of(*WHERE.values(), "Tests", name, dimensions)


def test_values_are_there_after_a_restart(tmp_path, clock):
    database = Database(tmp_path / "cloud.sqlite")
    metrics = Metrics(database, clock)
    for value in (3.0, 5.0, 5.0):
        put(metrics, value, FunctionName="a")
    put(metrics, 1.0)
    database.close()
    database = Database(tmp_path / "cloud.sqlite")
    again = Metrics(database, clock)
    (found,) = again.between("Tests", "Duration", {"FunctionName": "a"}, NOON, NOON + 1, **WHERE)
    assert found == Datum(NOON, 13.0, 3.0, 3.0, 5.0, "Milliseconds", {3.0: 1.0, 5.0: 2.0})
    put(again, 7.0, FunctionName="a")
    put(again, 1.0, FunctionName="new")
    (found,) = again.between("Tests", "Duration", {"FunctionName": "a"}, NOON, NOON + 1, **WHERE)
    assert (found.total, found.count) == (20.0, 4.0)
    assert list(again.listed(*WHERE.values(), NOON)) == [key(FunctionName="a"), key(), key(FunctionName="new")]
    database.close()


def test_every_statistic_is_that_of_the_single_values(metrics, clock):
    chance = random.Random(5)
    values = {}
    for number in range(3000):
        clock.time = NOON + number / 10
        value = round(chance.lognormvariate(4, 1), 1)
        values.setdefault(int(clock.time - NOON) // 60, []).append(value)
        put(metrics, value)
    found = metrics.periods(key(), NOON, NOON + 300, 60, values=True)
    assert found.keys() == values.keys() == set(range(5))
    for number, known in values.items():
        known.sort()
        assert statistic("SampleCount", [found[number]]) == len(known) == 600
        assert statistic("Sum", [found[number]]) == pytest.approx(math.fsum(known))
        assert statistic("Minimum", [found[number]]) == known[0]
        assert statistic("Maximum", [found[number]]) == known[-1]
        for name, rank in (("p50", 300), ("p90", 540), ("p99", 594), ("p99.9", 600), ("p0", 1)):
            assert statistic(name, [found[number]]) == known[rank - 1], name


def test_a_metric_is_its_dimensions_its_region_its_account_and_its_units(metrics, clock):
    put(metrics, 1, FunctionName="a")
    put(metrics, 2, FunctionName="b")
    put(metrics, 4, unit="Seconds", FunctionName="a")
    metrics.put("Tests", "Duration", {"FunctionName": "a"}, 8, account="123456789012", region="eu-west-1")

    def total(unit=None, **where):
        found = metrics.between("Tests", "Duration", {"FunctionName": "a"}, 0, NOON + 1, unit=unit, **(WHERE | where))
        return sum(one.total for one in found)

    assert [total(), total("Seconds"), total(region="eu-west-1"), total(account="210987654321")] == [5, 4, 8, 0]


def test_a_span_holds_its_begin_and_not_its_end(metrics):
    metrics.add((key(), Datum.of(1.0, time=float(moment))) for moment in (NOON - 20, NOON - 30, NOON - 10))
    found = metrics.between("Tests", "Duration", {}, NOON - 30, NOON - 10, **WHERE)
    assert [one.time for one in found] == [NOON - 30, NOON - 20]


@pytest.mark.parametrize(
    ("age", "rows"), [(2 * HOUR, 600), (4 * HOUR, 11), (16 * DAY, 3), (64 * DAY, 1), (456 * DAY, 0)]
)
def test_old_data_are_rolled_up_and_keep_their_statistics(metrics, clock, database, age, rows):
    chance = random.Random(5)
    values = []
    for second in range(600):
        clock.time = NOON + 30.0 + second
        values.append(round(chance.lognormvariate(4, 1), 1))
        put(metrics, values[-1])
    clock.time = NOON + age
    metrics.roll_up()
    metrics.roll_up()
    assert database.read("SELECT count(*) FROM metric_data") == [(rows,)]
    found = metrics.between("Tests", "Duration", {}, 0, clock.time, **WHERE)
    if not rows:
        assert list(metrics.listed(*WHERE.values(), 0)) == []
        assert database.read("SELECT count(*) FROM metric") == [(0,)]
        return
    assert [statistic(name, found) for name in ("Sum", "SampleCount", "Minimum", "Maximum")] == [
        pytest.approx(math.fsum(values)),
        600,
        min(values),
        max(values),
    ]
    assert statistic("p90", found) == pytest.approx(sorted(values)[539], rel=0.011)


def test_a_value_from_long_ago_joins_the_rolled_up_ones(metrics, clock, database):
    put(metrics, 1.0)
    clock.time += 4 * HOUR
    metrics.roll_up()
    metrics.add([(key(), Datum.of(5.0, time=NOON + 59.0, unit="Milliseconds"))])
    assert database.read("SELECT time, total, count FROM metric_data") == [(NOON, 6.0, 2.0)]


def test_the_memory_holds_no_values_that_are_written(metrics, database):
    for number in range(1000):
        put(metrics, float(number))
    database.flush()
    assert not metrics._sums
    assert not metrics._new


def test_data_of_a_slow_cloud_are_read_one_to_three_minutes_late(database, clock):
    metrics = Metrics(database, clock, AWS)
    lates = {name: metrics.late_of(key(name)) for name in ("Duration", "Errors", "Invocations", "Throttles")}
    assert all(60 <= late <= 180 for late in lates.values())
    assert len(set(lates.values())) > 1
    for name, late in lates.items():
        put(metrics, 7.0, name)
        clock.time = NOON + late - 1
        assert not metrics.periods(key(name), NOON, NOON + 600, 60)
        assert not metrics.between("Tests", name, {}, NOON, NOON + 600, **WHERE)
        assert key(name) not in list(metrics.listed(*WHERE.values(), NOON))
        clock.time = NOON + late + 1
        assert metrics.periods(key(name), NOON, NOON + 600, 60)[0].total == 7.0
        assert metrics.between("Tests", name, {}, NOON, NOON + 600, **WHERE)
        assert key(name) in list(metrics.listed(*WHERE.values(), NOON))
        clock.time = float(NOON)
