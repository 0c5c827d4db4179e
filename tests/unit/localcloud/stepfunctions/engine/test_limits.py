"""Executions that never wait: they leave time to others, look at the clock, and end at their limits."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.stepfunctions.engine import machine

from .driver import Driver, run

ENDLESS = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$.end", "IsPresent": True, "Next": "C"}], "Default": "A"},
        "C": {"Type": "Succeed"},
    },
}


class Slow(Driver):
    """Each move takes a second."""

    def _move(self, move: Any, *given: Any) -> None:
        self.now += 1
        super()._move(move, *given)


@pytest.mark.parametrize("express", [False, True])
def test_an_endless_loop_ends_at_its_timeout(express):
    slow = Slow(ENDLESS | {"TimeoutSeconds": 3}, express=express).start({})
    assert slow.run.status == "TIMED_OUT"
    assert slow.run.events < 5 * 2 * machine.MOST_STEPS


@pytest.mark.parametrize(("express", "most"), [(False, 25_000), (True, 5_000)])
def test_an_endless_loop_ends_at_the_most_events(monkeypatch, express, most):
    monkeypatch.setattr(machine, "MOST_EXPRESS_EVENTS", 5_000)
    endless = run(ENDLESS, {}, express=express)
    assert endless.failure == (None, f"The execution reached the maximum number of history events ({most}).")
    assert endless.run.events == most


def test_an_endless_loop_can_be_stopped():
    endless = Driver(ENDLESS)
    endless.go_on = lambda until=0.0: endless  # type: ignore[method-assign]
    endless.start({})
    assert endless.run.status == "RUNNING"
    endless.stop("E", "c")
    assert (endless.run.status, endless.run.error) == ("ABORTED", "E")


def test_what_timed_out_between_two_moves_is_redriven_where_it_was():
    item = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Next": "J"}, "J": {"Type": "Pass", "End": True}}}
    machine_of_items = {
        "StartAt": "M",
        "TimeoutSeconds": 2,
        "States": {"M": {"Type": "Map", "ItemProcessor": item, "End": True}},
    }
    slow = Slow(machine_of_items).start(list(range(2_000)))
    assert slow.run.status == "TIMED_OUT"
    for _ in range(5):
        if slow.run.status == "TIMED_OUT":
            slow.redrive()
    assert slow.output == list(range(2_000))
    assert len([event for event in slow.events if event["type"] == "MapIterationStarted"]) == 2_000
