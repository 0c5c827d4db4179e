"""Parallel and inline Map: their histories event by event, how many run at once, and what a failure ends."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.stepfunctions.engine import distributed, tasks
from localcloud.stepfunctions.engine.effects import Cancel, Invoke, StartMapRun, StopMapRun
from localcloud.stepfunctions.language.scope import StateFailure

from .driver import CALLBACK, HANG, Driver, chain, one, run, task

PASS = {"Type": "Pass"}
FAIL = {"Type": "Fail", "Error": "E", "Cause": "c"}
TOKEN_TASK = {"Type": "Task", "Resource": CALLBACK, "Parameters": {"t.$": "$$.Task.Token"}}
SPREAD = {**one({"Type": "Pass"}), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


def history(found: Driver) -> list[tuple[int, str, int]]:
    """The events: id, type, and the id of the event before."""
    return [(event["id"], event["type"], event["previousEventId"]) for event in found.events]


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": [one(dict(branch)) for branch in branches], **fields}


def mapped(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": one(dict(processor)), **fields}


class TestParallel:
    def test_history(self) -> None:
        assert history(run(one(parallel(PASS, PASS)))) == [
            (1, "ExecutionStarted", 0),
            (2, "ParallelStateEntered", 0),
            (3, "ParallelStateStarted", 2),
            (4, "PassStateEntered", 3),
            (5, "PassStateExited", 4),
            (6, "PassStateEntered", 3),
            (7, "PassStateExited", 6),
            (8, "ParallelStateSucceeded", 7),
            (9, "ParallelStateExited", 7),
            (10, "ExecutionSucceeded", 9),
        ]

    def test_the_results_stand_in_the_order_of_the_branches(self) -> None:
        slow = chain({"W": {"Type": "Wait", "Seconds": 5}, "P": {"Type": "Pass", "Result": "slow"}})
        state = {"Type": "Parallel", "Branches": [slow, one({"Type": "Pass", "Result": "fast"})]}
        assert run(one(state)).output == ["slow", "fast"]

    def test_a_failure_aborts_the_other_branches(self) -> None:
        found = run(one(parallel(task(), {"Type": "Wait", "Seconds": 9}, TOKEN_TASK)), answers=[StateFailure("E", "c")])
        assert found.failure == ("E", "c")
        assert sorted(found.types[-5:-2]) == ["TaskStateAborted", "TaskStateAborted", "WaitStateAborted"]
        assert found.types[-2:] == ["ParallelStateFailed", "ExecutionFailed"]
        assert found.now == 1000.0

    def test_what_was_aborted_waits_for_nothing_any_more(self) -> None:
        found = run(one(parallel(TOKEN_TASK, chain_of_wait_and_fail())))
        assert found.run.status == "FAILED"
        token_frame = found.left(Invoke)[0].frame
        assert token_frame in {cancel.frame for cancel in found.left(Cancel)}
        assert list(found.run.frames) == []

    def test_branches_see_the_variables_outside_and_keep_theirs(self) -> None:
        inside = chain(
            {
                "A": {"Type": "Pass", "Assign": {"mine.$": "$v"}},
                "B": {"Type": "Pass", "Parameters": {"v.$": "$v", "mine.$": "$mine"}},
            }
        )
        states = {
            "F": {"Type": "Pass", "Assign": {"v": 1}},
            "P": {"Type": "Parallel", "Branches": [inside]},
            "G": {"Type": "Pass", "Parameters": {"mine.$": "$mine"}},
        }
        found = run(chain(states))
        assert found.failure[0] == "States.Runtime"  # the branch's variable is not there outside
        assert found.of("ParallelStateExited")[0]["output"] == '[{"v":1,"mine":1}]'

    def test_a_parallel_in_a_parallel(self) -> None:
        assert run(one(parallel(parallel(PASS, PASS), PASS)), 1).output == [[1, 1], 1]
        found = run(one(parallel(parallel(FAIL, {"Type": "Wait", "Seconds": 9}), {"Type": "Wait", "Seconds": 9})))
        assert found.failure == ("E", "c")
        assert found.run.frames == {}


def chain_of_wait_and_fail() -> dict[str, Any]:
    """A state that takes a second and then fails."""
    return {"Type": "Parallel", "Branches": [chain({"W": {"Type": "Wait", "Seconds": 1}, "F": dict(FAIL)})]}


class TestMap:
    def test_history(self) -> None:
        assert history(run(one(mapped(PASS, MaxConcurrency=1)), [7, 8])) == [
            (1, "ExecutionStarted", 0),
            (2, "MapStateEntered", 0),
            (3, "MapStateStarted", 2),
            (4, "MapIterationStarted", 3),
            (5, "PassStateEntered", 4),
            (6, "PassStateExited", 5),
            (7, "MapIterationSucceeded", 6),
            (8, "MapIterationStarted", 6),
            (9, "PassStateEntered", 8),
            (10, "PassStateExited", 9),
            (11, "MapIterationSucceeded", 10),
            (12, "MapStateSucceeded", 11),
            (13, "MapStateExited", 11),
            (14, "ExecutionSucceeded", 13),
        ]

    def test_the_next_item_begins_when_one_has_ended(self) -> None:
        found = Driver(one(mapped({"Type": "Wait", "SecondsPath": "$"}, MaxConcurrency=2))).start([5, 1, 1, 1])
        started = [e["timestamp"] - 1000.0 for e in found.events if e["type"] == "MapIterationStarted"]
        assert started == [0, 0, 1, 2]
        assert found.output == [5, 1, 1, 1]

    def test_results_stand_in_the_order_of_the_items(self) -> None:
        assert run(one(mapped({"Type": "Wait", "SecondsPath": "$"})), [3, 2, 1]).output == [3, 2, 1]

    def test_a_failure_ends_the_map(self) -> None:
        found = run(one(mapped(task())), [1, 2], answers=[StateFailure("E", "c"), HANG])
        assert found.failure == ("E", "c")
        assert "MapIterationFailed" in found.types
        assert "MapIterationAborted" in found.types
        assert found.types[-2:] == ["MapStateFailed", "ExecutionFailed"]
        assert found.of("MapIterationFailed") == [{"name": "S", "index": 0}]
        assert found.of("MapIterationAborted") == [{"name": "S", "index": 1}]

    def test_items_that_have_not_begun_do_not_begin_after_a_failure(self) -> None:
        found = run(one(mapped(task(), MaxConcurrency=1)), [1, 2, 3], answers=[StateFailure("E", "c")])
        assert found.arguments == [1]

    def test_the_items_of_a_map_in_a_map(self) -> None:
        inner = mapped({"Type": "Pass", "Parameters": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"}})
        assert run(one(mapped(inner)), [[1], [2, 3]]).output == [
            [{"v": 1, "i": 0}],
            [{"v": 2, "i": 0}, {"v": 3, "i": 1}],
        ]

    def test_an_item_is_the_context_objects_for_all_states_of_its_iteration(self) -> None:
        states = chain({"A": {"Type": "Pass", "Result": 0}, "B": {"Type": "Pass", "InputPath": "$$.Map.Item.Value"}})
        assert run(one({"Type": "Map", "ItemProcessor": states}), [7, 8]).output == [7, 8]

    def test_iterations_do_not_see_each_others_variables(self) -> None:
        states = {
            "A": {"Type": "Pass", "Assign": {"mine.$": "$"}},
            "W": {"Type": "Wait", "Seconds": 1},
            "B": {"Type": "Pass", "Parameters": {"mine.$": "$mine", "all.$": "$all"}},
        }
        first = {"Type": "Pass", "Assign": {"all.$": "$"}}
        found = run(chain({"F": first, "M": {"Type": "Map", "ItemProcessor": chain(states)}}), [7, 8])
        assert found.output == [{"mine": 7, "all": [7, 8]}, {"mine": 8, "all": [7, 8]}]

    def test_what_is_no_array(self) -> None:
        assert run(one(mapped(PASS, ItemsPath="$.i")), {"i": {"a": 1}}).failure[0] == "States.Runtime"
        found = run(one(mapped(PASS, QueryLanguage="JSONata", Items="{% 1 %}")))
        assert found.failure[0] == "States.QueryEvaluationError"


class TestAtTheSameMoment:
    @pytest.mark.parametrize(
        ("state", "given"),
        [
            (parallel(FAIL, FAIL, FAIL), {}),
            (parallel(FAIL, PASS), {}),
            (parallel(PASS, FAIL), {}),
            (mapped(FAIL), [1, 2, 3]),
        ],
        ids=["all fail", "the first fails", "the last fails", "all iterations fail"],
    )
    def test_branches_that_fail_are_caught_once(self, state: dict[str, Any], given: Any) -> None:
        catches = [{"ErrorEquals": ["E"], "Next": "Caught"}]
        found = run(chain({"S": {**state, "Catch": catches, "End": True}, "Caught": {"Type": "Pass"}}), given)
        assert found.output == {"Error": "E", "Cause": "c"}
        entered = [event["stateEnteredEventDetails"]["name"] for event in found.events if "Entered" in event["type"]]
        assert entered.count("Caught") == 1


class TestDistributedMap:
    def test_it_ends_as_its_map_run_ends(self) -> None:
        found = run(one({"Type": "Map", "ItemProcessor": SPREAD}), [1, 2])
        begun = found.left(StartMapRun)[0]
        assert begun.spec["items"] == [1, 2]
        assert found.tell(begun, distributed.done, ["a", "b"]).output == ["a", "b"]
        assert found.types[2:] == [
            "MapStateStarted", "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded", "MapStateExited",
            "ExecutionSucceeded",
        ]  # fmt: skip

    def test_a_map_run_that_fails_can_be_caught(self) -> None:
        catches = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "T"}]
        state = {"Type": "Map", "ItemProcessor": SPREAD, "Catch": catches}
        found = run(chain({"S": state, "T": {"Type": "Succeed"}}), [1])
        found.tell(found.left(StartMapRun)[0], distributed.failed, "States.ExceedToleratedFailureThreshold", "c")
        assert found.output == {"Error": "States.ExceedToleratedFailureThreshold", "Cause": "c"}

    def test_stopping_the_execution_stops_the_map_run(self) -> None:
        found = run(one({"Type": "Map", "ItemProcessor": SPREAD}), [1]).stop("E", "c")
        assert [effect.arn for effect in found.left(StopMapRun)] == [found.left(StartMapRun)[0].arn]
        assert found.run.status == "ABORTED"


class TestStop:
    def test_what_runs_is_aborted_with_the_given_error(self) -> None:
        found = Driver(one(parallel(TOKEN_TASK, {"Type": "Wait", "Seconds": 9}))).start(until=1001.0).stop("E", "c")
        assert (found.run.status, found.run.error, found.run.cause) == ("ABORTED", "E", "c")
        assert found.of("ExecutionAborted") == [{"error": "E", "cause": "c"}]
        assert found.left(Cancel)
        events = len(found.events)
        late = found.left(Invoke)[0]
        found.tell(late, tasks.with_token, {"output": 1})
        found.go_on()
        assert len(found.events) == events

    def test_an_execution_that_has_ended_stays_as_it_is(self) -> None:
        found = run(one(dict(PASS)), 1).stop("E", "c")
        assert found.output == 1
