"""Retry and Catch: what is tried again and when, what is caught, and what cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.stepfunctions.engine import tasks
from localcloud.stepfunctions.engine.effects import Cancel, Invoke
from localcloud.stepfunctions.language.scope import StateFailure

from .driver import CALLBACK, HANG, Driver, chain, one, run, task

LIMIT = 262_144


def failures(*names: str) -> list[StateFailure]:
    return [StateFailure(name, f"{name} happened") for name in names]


def moments(found: Driver) -> list[float]:
    """When the calls were made, in seconds since the start."""
    return [event["timestamp"] - 1000.0 for event in found.events if event["type"] == "LambdaFunctionStarted"]


def retried(*retriers: dict[str, Any], errors: list[StateFailure], **more: Any) -> Driver:
    return run(one(task(Retry=list(retriers))), answers=[*errors, "done"], **more)


def caught(*names: str, state: dict[str, Any] | None = None, answers: list[Any] | None = None, **catch: Any) -> Driver:
    catcher = {"ErrorEquals": list(names), "Next": "T", **catch}
    states = {"S": {**(state or task()), "Catch": [catcher]}, "U": {"Type": "Fail"}, "T": {"Type": "Succeed"}}
    return run(chain(states), {"in": 1}, answers=answers or [])


class TestRetry:
    def test_defaults(self) -> None:
        found = retried({"ErrorEquals": ["E"]}, errors=failures("E", "E", "E"))
        assert moments(found) == [0, 1, 3, 7]
        assert found.output == "done"

    def test_the_attempts_run_out(self) -> None:
        found = retried({"ErrorEquals": ["E"]}, errors=failures("E", "E", "E", "E"))
        assert found.failure == ("E", "E happened")
        assert found.types == [
            "ExecutionStarted",
            "TaskStateEntered",
            *(["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionFailed"] * 4),
            "ExecutionFailed",
        ]

    def test_interval_backoff_and_attempts(self) -> None:
        retrier = {"ErrorEquals": ["E"], "IntervalSeconds": 3, "BackoffRate": 1.5, "MaxAttempts": 2}
        found = retried(retrier, errors=failures("E", "E", "E"))
        assert moments(found) == [0, 3, 7.5]
        assert found.run.status == "FAILED"

    def test_no_attempts(self) -> None:
        found = retried({"ErrorEquals": ["E"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}, errors=failures("E"))
        assert found.run.status == "FAILED"  # the first retrier that matches decides

    def test_max_delay(self) -> None:
        retrier = {"ErrorEquals": ["E"], "IntervalSeconds": 2, "MaxDelaySeconds": 5, "MaxAttempts": 4}
        assert moments(retried(retrier, errors=failures(*"EEEE"))) == [0, 2, 6, 11, 16]

    def test_the_backoff_of_very_many_attempts(self) -> None:
        retrier = {"ErrorEquals": ["E"], "BackoffRate": 1e10, "MaxDelaySeconds": 2, "MaxAttempts": 1000}
        assert len(moments(retried(retrier, errors=failures(*["E"] * 1000)))) == 1001

    def test_full_jitter_draws_between_nothing_and_the_delay(self) -> None:
        retrier = {"ErrorEquals": ["E"], "IntervalSeconds": 4, "JitterStrategy": "FULL"}
        assert moments(retried(retrier, errors=failures("E", "E"), draw=lambda: 0.25)) == [0, 1, 3]
        retrier["JitterStrategy"] = "NONE"
        assert moments(retried(retrier, errors=failures("E", "E"), draw=lambda: 0.25)) == [0, 4, 12]

    def test_each_retrier_counts_for_itself(self) -> None:
        first = {"ErrorEquals": ["A", "B"], "IntervalSeconds": 1, "MaxAttempts": 2}
        second = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 1}
        found = retried(first, second, errors=failures("A", "C", "B"))
        assert moments(found) == [0, 1, 11, 13]
        assert retried(first, second, errors=failures("A", "C", "B", "C")).failure[0] == "C"
        assert retried(first, second, errors=failures("A", "C", "B", "A")).failure[0] == "A"

    def test_a_state_that_is_entered_again_begins_to_count_again(self) -> None:
        count = {"Type": "Choice", "Choices": [{"Variable": "$.again", "BooleanEquals": True, "Next": "S"}],
                 "Default": "T"}  # fmt: skip
        states = {"S": task(Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 1}]), "C": count, "T": {"Type": "Succeed"}}
        answers = [*failures("E"), {"again": True}, *failures("E"), {"again": False}]
        assert run(chain(states), answers=answers).output == {"again": False}

    def test_a_retried_parallel_begins_from_the_start(self) -> None:
        branches = [one(task()), one({"Type": "Pass", "Result": 2})]
        state = {"Type": "Parallel", "Branches": branches, "Retry": [{"ErrorEquals": ["E"]}]}
        found = run(one(state), answers=[*failures("E"), 1])
        assert found.output == [1, 2]
        assert found.types.count("PassStateEntered") == 2

    def test_the_retry_count_of_the_context_object(self) -> None:
        state = task(Parameters={"n.$": "$$.State.RetryCount"}, Retry=[{"ErrorEquals": ["E"]}])
        assert run(one(state), answers=failures("E", "E")).arguments == [{"n": 0}, {"n": 1}, {"n": 2}]


class TestCatch:
    def test_the_error_is_the_next_states_input(self) -> None:
        assert caught("E", answers=failures("E")).output == {"Error": "E", "Cause": "E happened"}

    def test_result_path(self) -> None:
        found = caught("E", answers=failures("E"), ResultPath="$.e")
        assert found.output == {"in": 1, "e": {"Error": "E", "Cause": "E happened"}}
        assert caught("E", answers=failures("E"), ResultPath=None).output == {"in": 1}

    def test_assign(self) -> None:
        states = {
            "S": task(Catch=[{"ErrorEquals": ["E"], "Next": "T", "Assign": {"v.$": "$.Cause"}}], Assign={"v": "no"}),
            "U": {"Type": "Fail"},
            "T": {"Type": "Pass", "InputPath": "$v"},
        }
        assert run(chain(states), answers=failures("E")).output == "E happened"

    def test_output_and_assign_in_jsonata(self) -> None:
        catcher = {"ErrorEquals": ["E"], "Next": "T", "Assign": {"v": "{% $states.errorOutput.Error %}"},
                   "Output": {"c": "{% $states.errorOutput.Cause %}", "in": "{% $states.input.in %}"}}  # fmt: skip
        states = {
            "S": task(Catch=[catcher]),
            "U": {"Type": "Fail"},
            "T": {"Type": "Pass", "Output": "{% [$v, $states.input] %}"},
        }
        found = run(chain(states, QueryLanguage="JSONata"), {"in": 1}, answers=failures("E"))
        assert found.output == ["E", {"c": "E happened", "in": 1}]

    def test_the_first_catcher_that_matches_is_taken(self) -> None:
        catches = [
            {"ErrorEquals": [name], "Next": goes} for name, goes in (("A", "X"), ("B", "Y"), ("States.ALL", "Z"))
        ]
        ends = {name: {"Type": "Pass", "Result": name, "End": True} for name in "XYZ"}
        answers = {"A": "X", "B": "Y", "C": "Z"}
        for error, wanted in answers.items():
            states = {"S": {**task(Catch=catches), "End": True}, **ends}
            assert run(chain(states), answers=failures(error)).output == wanted

    def test_retries_come_before_the_catch(self) -> None:
        state = task(Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 1}])
        found = caught("E", state=state, answers=failures("E", "E"))
        assert moments(found) == [0, 1]
        assert found.output["Error"] == "E"

    def test_names(self) -> None:
        assert caught("States.ALL", answers=failures("X")).run.status == "SUCCEEDED"
        assert caught("States.TaskFailed", answers=failures("X")).run.status == "SUCCEEDED"
        assert caught("States.TaskFailed", state=task(TimeoutSeconds=5), answers=[HANG]).run.status == "FAILED"
        assert caught("Y", answers=failures("X")).run.status == "FAILED"
        assert caught("x", answers=failures("X")).run.status == "FAILED"

    def test_the_error_of_a_fail_state_is_caught_by_what_is_around_it(self) -> None:
        branch = one({"Type": "Fail", "Error": "E", "Cause": "c"})
        found = caught("E", state={"Type": "Parallel", "Branches": [branch]})
        assert found.output == {"Error": "E", "Cause": "c"}

    def test_a_catch_that_cannot_be_carried_out_fails_the_execution(self) -> None:
        found = caught("E", answers=failures("E"), ResultPath="$.in.x")
        assert found.failure[0] == "States.ResultPathMatchFailure"

    def test_a_result_path_that_does_not_fit_is_caught(self) -> None:
        found = caught("States.ResultPathMatchFailure", state=task(ResultPath="$.in.x"), answers=[1])
        assert found.output["Error"] == "States.ResultPathMatchFailure"

    def test_an_intrinsic_function_that_fails_is_caught(self) -> None:
        state = task(Parameters={"x.$": "States.StringToJson('{')"})
        assert caught("States.IntrinsicFailure", state=state).output["Error"] == "States.IntrinsicFailure"

    def test_a_query_that_fails_is_caught(self) -> None:
        state = task(QueryLanguage="JSONata", Arguments="{% 1 + 'a' %}")
        assert caught("States.QueryEvaluationError", state=state).output["Error"] == "States.QueryEvaluationError"

    @pytest.mark.parametrize("name", ["States.ALL", "States.DataLimitExceeded"])
    def test_a_result_that_is_too_large_is_caught(self, name: str) -> None:
        """As in the histories that AWS has recorded, whatever its guide says of States.ALL."""
        assert caught(name, answers=["x" * LIMIT]).output["Error"] == "States.DataLimitExceeded"


class TestWhatCannotBeCaught:
    @pytest.mark.parametrize("name", ["States.ALL", "States.Runtime", "States.TaskFailed"])
    def test_a_path_that_finds_nothing(self, name: str) -> None:
        found = caught(name, state=task(InputPath="$.missing", Retry=[{"ErrorEquals": [name]}]))
        assert found.failure[0] == "States.Runtime"
        assert found.now == 1000.0


class TestSizes:
    def test_a_result_may_have_so_many_bytes_and_no_more(self) -> None:
        assert run(one(task()), answers=["ü" * ((LIMIT - 2) // 2)]).run.status == "SUCCEEDED"
        assert run(one(task()), answers=["ü" * ((LIMIT - 2) // 2) + "x"]).failure[0] == "States.DataLimitExceeded"

    def test_a_states_output_may_have_so_many_bytes_and_no_more(self) -> None:
        state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $join([$states.input, $states.input]) %}"}
        assert run(one(state), "x" * ((LIMIT - 2) // 2)).run.status == "SUCCEEDED"
        assert run(one(state), "x" * (LIMIT // 2)).failure[0] == "States.DataLimitExceeded"

    def test_arguments_may_have_so_many_bytes_and_no_more(self) -> None:
        state = task(Parameters={"a.$": "States.Format('{}{}', $, $)"})
        room = LIMIT - len('{"a":""}')
        assert run(one(state), "x" * (room // 2)).run.status == "SUCCEEDED"
        assert run(one(state), "x" * (room // 2 + 1)).failure[0] == "States.DataLimitExceeded"


class TestTimes:
    def test_a_timeout_is_counted_from_the_scheduling(self) -> None:
        found = run(one(task(TimeoutSeconds=5)), answers=[HANG])
        assert found.now == 1005.0
        assert found.failure[0] == "States.Timeout"
        assert found.types[-2:] == ["LambdaFunctionTimedOut", "ExecutionFailed"]

    def test_an_answer_that_comes_too_late_changes_nothing(self) -> None:
        state = task(TimeoutSeconds=5, Retry=[{"ErrorEquals": ["States.Timeout"]}])
        found = Driver(one(state), answers=[HANG, HANG]).start(until=1005.0)
        late = found.left(Invoke)[0]
        events = len(found.events)
        found.tell(late, tasks.answered, "late", None)
        assert len(found.events) == events

    def test_a_timeout_is_retried_with_a_new_timeout(self) -> None:
        found = run(one(task(TimeoutSeconds=5, Retry=[{"ErrorEquals": ["States.Timeout"]}])), answers=[HANG, "ok"])
        assert (found.output, found.now) == ("ok", 1006.0)

    def test_the_timeout_of_a_machine(self) -> None:
        found = run(one({"Type": "Wait", "Seconds": 100}, TimeoutSeconds=20))
        assert (found.run.status, found.now) == ("TIMED_OUT", 1020.0)
        assert found.types[-1] == "ExecutionTimedOut"

    def test_an_express_execution_takes_five_minutes_at_most(self) -> None:
        assert run(one({"Type": "Wait", "Seconds": 301}), express=True).now == 1300.0
        assert run(one({"Type": "Wait", "Seconds": 301}, TimeoutSeconds=1000), express=True).now == 1300.0
        assert run(one({"Type": "Wait", "Seconds": 301}, TimeoutSeconds=7), express=True).now == 1007.0
        assert run(one({"Type": "Wait", "Seconds": 299}), express=True).run.status == "SUCCEEDED"

    @pytest.mark.parametrize("name", ["States.Timeout", "States.HeartbeatTimeout", "States.ALL"])
    def test_a_missing_heartbeat_is_caught_by_name(self, name: str) -> None:
        state = {"Type": "Task", "Resource": CALLBACK, "HeartbeatSeconds": 10, "Parameters": {"t.$": "$$.Task.Token"}}
        found = caught(name, state=state)
        assert found.now == 1010.0
        assert found.run.status == "SUCCEEDED"

    def test_heartbeats_keep_the_task_alive(self) -> None:
        state = {"Type": "Task", "Resource": CALLBACK, "HeartbeatSeconds": 10, "Parameters": {"t.$": "$$.Task.Token"}}
        driver = Driver(one(state)).start(until=1000.0)
        for moment in (1008.0, 1016.0, 1024.0):
            driver.go_on(until=moment)
            driver.tell(driver.left(Invoke)[0], tasks.beat)
        driver.go_on()
        assert driver.now == 1034.0
        assert driver.run.status == "FAILED"
        assert driver.left(Cancel)
