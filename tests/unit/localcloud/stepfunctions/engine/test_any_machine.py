"""What holds for every state machine, whatever fails in it and whenever."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.stepfunctions.language.scope import StateFailure

from .driver import Driver, chain, task

BROKEN = StateFailure("E", "c")

retries = st.sampled_from([{}, {"Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}]}])
simple = st.one_of(
    st.builds(lambda retry: task(**retry), retries),
    st.just({"Type": "Pass", "Assign": {"v.$": "$"}}),
    st.integers(0, 2).map(lambda seconds: {"Type": "Wait", "Seconds": seconds}),
)


def flow(states: list[dict[str, Any]]) -> dict[str, Any]:
    return chain({f"S{number}": dict(state) for number, state in enumerate(states)})


def around(inside: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    flows = st.lists(inside, min_size=1, max_size=3).map(flow)
    parallel = st.builds(
        lambda branches, retry: {"Type": "Parallel", "Branches": branches, **retry},
        st.lists(flows, min_size=1, max_size=3),
        retries,
    )
    mapped = st.builds(
        lambda processor, most, retry: {
            "Type": "Map", "QueryLanguage": "JSONPath", "ItemsPath": "$$.Execution.Input", "ItemProcessor": processor,
            "MaxConcurrency": most, **retry,
        },
        flows,
        st.integers(0, 2),
        retries,
    )  # fmt: skip
    return parallel | mapped


machines = st.lists(st.recursive(simple, around, max_leaves=6), min_size=1, max_size=3).map(flow)


@settings(max_examples=150, deadline=None)
@given(machines, st.lists(st.sampled_from([BROKEN, 1]), max_size=12), st.integers(0, 3))
def test_it_ends_and_a_redrive_in_which_nothing_fails_succeeds(machine: Any, answers: list[Any], items: int) -> None:
    driver = Driver(machine, answers=answers).start(list(range(items)))
    assert driver.run.status in ("SUCCEEDED", "FAILED")
    assert driver.run.frames == {}
    if driver.run.status == "FAILED":
        driver.answers = []
        driver.redrive()
    assert driver.run.status == "SUCCEEDED"
    assert [event["id"] for event in driver.events] == list(range(1, len(driver.events) + 1))
    assert all(event["previousEventId"] < event["id"] for event in driver.events)
    assert all(
        earlier["timestamp"] <= later["timestamp"]
        for earlier, later in zip(driver.events, driver.events[1:], strict=False)
    )


@settings(max_examples=60, deadline=None)
@given(machines, st.floats(0, 4))
def test_it_can_be_stopped_at_any_time_and_redriven(machine: Any, seconds: float) -> None:
    driver = Driver(machine).start([1, 2], until=1000.0 + seconds)
    if driver.run.status == "RUNNING":
        assert driver.stop().run.status == "ABORTED"
        assert driver.run.frames == {}
        driver.redrive()
    assert driver.run.status == "SUCCEEDED"
