"""Firings come at their moments, once each, and go on after a restart."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

import pytest

from localcloud.durability.backends import Backends
from localcloud.durability.database import Database
from localcloud.durability.pickling import Pickling
from localcloud.events.recurrence import Rate, read
from localcloud.events.timetable import Firing, Plan, Timetable

HOUR = 3600.0
HOURLY = Plan(Rate(3600), "rate(1 hour)", at_once=True)


class Fired:
    """Notes firings, in memory when they are kept, and in a table together with them."""

    def __init__(self, path: Path | None, clock: float) -> None:
        self.database, self.clock = Database(path), clock
        self.database.declare("CREATE TABLE IF NOT EXISTS fired (arn TEXT, moment REAL)")
        self.seen: queue.Queue[tuple[str, float, bool]] = queue.Queue()
        backends = Backends(self.database, Pickling())
        self.table = Timetable(self.database, backends, "tests", self.fire, lambda: self.clock)

    def fire(self, arn: str, moment: float, last: bool) -> Firing:
        change = ("INSERT INTO fired VALUES (?, ?)", [(arn, moment)])
        return Firing([change], lambda: self.seen.put((arn, moment, last)))

    def rows(self) -> list[Any]:
        return self.database.read("SELECT arn, moment FROM firing ORDER BY arn")


def test_a_firing_is_kept_together_with_the_next_moment():
    fired = Fired(None, 1000.0)
    fired.table.begin({})
    fired.table.plan("a", HOURLY)
    assert fired.seen.get(timeout=60) == ("a", 1000.0, False)
    assert fired.rows() == [("a", 1000.0 + HOUR)]
    assert fired.database.read("SELECT * FROM fired") == [("a", 1000.0)]


def test_what_was_missed_fires_once_and_the_rhythm_stays(tmp_path):
    first = Fired(tmp_path / "cloud.sqlite", 1000.0)
    first.table.begin({})
    first.table.plan("a", HOURLY)
    first.seen.get(timeout=60)
    first.database.close()
    later = Fired(tmp_path / "cloud.sqlite", 1000.0 + 5.5 * HOUR)
    later.table.begin({"a": HOURLY})
    assert later.seen.get(timeout=60) == ("a", 1000.0 + HOUR, False)
    assert later.rows() == [("a", 1000.0 + 6 * HOUR)]
    assert later.seen.empty()


def test_a_plan_that_was_changed_or_dropped_does_not_fire_at_the_old_moment(tmp_path):
    first = Fired(tmp_path / "cloud.sqlite", 1000.0)
    for arn in ("kept", "changed", "gone"):
        first.table.plan(arn, HOURLY)
    first.database.close()
    later = Fired(tmp_path / "cloud.sqlite", 1000.0)
    other = Plan(Rate(7200), "rate(2 hours)")
    later.table.begin({"kept": HOURLY, "changed": other})
    assert later.seen.get(timeout=60)[0] == "kept"
    assert later.rows() == [("changed", 1000.0 + 2 * HOUR), ("kept", 1000.0 + HOUR)]
    later.table.plan("kept", None)
    later.table.plan("changed", other)
    assert later.rows() == [("changed", 1000.0 + 2 * HOUR)]


def test_the_last_firing_says_so_and_leaves_nothing():
    fired = Fired(None, 1000.0)
    fired.table.begin({})
    fired.table.plan("ending", Plan(Rate(3600), "rate", at_once=True, end=2000.0))
    assert fired.seen.get(timeout=60) == ("ending", 1000.0, True)
    once = read("at(1970-01-01T00:16:20)", lenient=True)
    fired.table.plan("once", Plan(once, "at"))
    assert fired.seen.get(timeout=60) == ("once", 980.0, True)
    assert fired.rows() == []


@pytest.mark.parametrize(
    ("plan", "now", "first"),
    [
        (Plan(Rate(3600), ""), 1000.0, 4600.0),
        (Plan(Rate(3600), "", at_once=True, start=5000.0), 1000.0, 5000.0),
        (Plan(Rate(3600), "", at_once=True, start=100.0), 1000.0, 3700.0),
        (Plan(Rate(3600), "", end=2000.0), 1000.0, None),
        (Plan(read("cron(0 * * * ? *)"), "", start=7200.0), 1000.0, 7200.0),
        (Plan(read("at(1970-01-01T00:01:00)", lenient=True), ""), 1000.0, None),
    ],
)
def test_the_first_moment_of_a_plan(plan, now, first):
    assert plan.first(now) == first
