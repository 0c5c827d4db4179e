"""Redrive: what has succeeded does not run again."""

from __future__ import annotations

from localcloud.stepfunctions.engine import distributed
from localcloud.stepfunctions.engine.effects import StartMapRun, Wake
from localcloud.stepfunctions.language.scope import StateFailure

from .driver import HANG, chain, one, run, task

BROKEN = StateFailure("E", "c")
SPREAD = {**one({"Type": "Pass"}), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


def test_the_failed_state_runs_again_with_its_input() -> None:
    states = {"A": task(), "B": task(), "C": {"Type": "Pass"}}
    found = run(chain(states), 1, answers=[2, BROKEN])
    assert found.redrive(3).output == 3
    assert found.arguments == [1, 2, 2]
    at = found.types.index("ExecutionRedriven")
    assert found.types[at - 1 : at + 2] == ["ExecutionFailed", "ExecutionRedriven", "LambdaFunctionScheduled"]
    assert found.of("ExecutionRedriven") == [{"redriveCount": 1}]


def test_it_may_fail_and_be_redriven_again() -> None:
    found = run(one(task()), answers=[BROKEN]).redrive(BROKEN)
    assert found.failure == ("E", "c")
    assert found.redrive("ok").output == "ok"
    assert found.run.redrives == 2


def test_variables_are_as_they_were() -> None:
    states = {"A": {"Type": "Pass", "Assign": {"v": 1}}, "B": task(), "C": {"Type": "Pass", "InputPath": "$v"}}
    assert run(chain(states), answers=[BROKEN]).redrive({}).output == 1


def test_retries_begin_to_count_again() -> None:
    state = task(Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 1}])
    found = run(one(state), answers=[BROKEN, BROKEN])
    assert found.failure == ("E", "c")
    assert found.redrive(BROKEN, "ok").output == "ok"


def test_branches_that_have_succeeded_do_not_run_again() -> None:
    state = {"Type": "Parallel", "Branches": [one(task(Parameters={"n": n})) for n in (1, 2)]}
    found = run(one(state), answers=["one", BROKEN])
    assert found.redrive("two").output == ["one", "two"]
    assert found.arguments == [{"n": 1}, {"n": 2}, {"n": 2}]


def test_a_branch_that_was_aborted_goes_on_at_its_state() -> None:
    state = {"Type": "Parallel", "Branches": [one(task()), one({"Type": "Wait", "Seconds": 9})]}
    found = run(one(state), 0, answers=[BROKEN])
    assert found.redrive("ok").output == ["ok", 0]


def test_a_branch_that_had_not_begun_when_another_failed_begins() -> None:
    never = {"Type": "Fail", "Error": "E"}
    quick = chain({"A": {"Type": "Pass"}, "B": {"Type": "Pass"}})
    found = run(one({"Type": "Parallel", "Branches": [one(never), quick]}), {"a": 1})
    assert found.failure[0] == "E"
    assert found.redrive().failure[0] == "E"
    assert found.types.count("PassStateEntered") >= 1


def test_a_branch_between_two_states_does_not_run_the_first_again() -> None:
    slow = {"Type": "Wait", "Seconds": 1}
    fails = chain({"W": dict(slow), "F": {"Type": "Fail", "Error": "E"}})
    goes = chain({"W": dict(slow), "P": {"Type": "Pass"}})
    found = run(one({"Type": "Parallel", "Branches": [fails, goes]}))
    assert found.failure[0] == "E"
    assert found.redrive().failure[0] == "E"
    assert len(found.left(Wake)) == 2


def test_a_state_that_had_succeeded_beside_the_failure_does_not_run_again() -> None:
    branches = [chain({"A": task(), "B": task()}), one(task())]
    state = {"Type": "Parallel", "Branches": branches}
    found = run(one(state), 0, answers=["a", BROKEN])
    assert found.redrive("b", "c").run.status == "SUCCEEDED"
    assert found.types.count("TaskStateEntered") == 3


def test_of_a_map_only_the_failed_items_run_again() -> None:
    state = {"Type": "Map", "ItemProcessor": one(task()), "MaxConcurrency": 1}
    found = run(one(state), [1, 2, 3], answers=["a", BROKEN])
    assert found.redrive("b", "c").output == ["a", "b", "c"]
    assert found.arguments == [1, 2, 2, 3]


def test_of_a_distributed_map_the_same_map_run_goes_on() -> None:
    found = run(one({"Type": "Map", "ItemProcessor": SPREAD}), [1])
    first = found.left(StartMapRun)[0]
    found.tell(first, distributed.failed, "States.ExceedToleratedFailureThreshold", "c")
    found.redrive()
    again = found.left(StartMapRun)[1]
    assert again.arn == first.arn
    assert found.types[-2:] == ["ExecutionRedriven", "MapRunRedriven"]
    assert found.tell(again, distributed.done, ["x"]).output == ["x"]


def test_a_parallel_that_was_retried_is_redriven_as_it_failed_last() -> None:
    branches = [chain({"A": task(), "B": task()})]
    state = {"Type": "Parallel", "Branches": branches, "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}]}
    found = run(one(state), 0, answers=[BROKEN, "a", BROKEN])
    assert found.failure == ("E", "c")
    assert found.redrive("b").output == ["b"]
    assert found.arguments == [0, 0, "a", "a"]


def test_an_execution_that_was_stopped_or_timed_out_goes_on() -> None:
    found = run(one(task()), answers=[HANG]).stop("E", "c")
    assert found.redrive("ok").output == "ok"
    found = run(one(task(), TimeoutSeconds=5), answers=[HANG])
    assert found.run.status == "TIMED_OUT"
    assert found.redrive("ok").output == "ok"


def test_the_context_object_knows_of_it() -> None:
    state = task(Parameters={"n.$": "$$.Execution.RedriveCount", "all.$": "$$.Execution"})
    found = run(one(state), answers=[BROKEN]).redrive("ok")
    first, second = found.arguments
    assert (first["n"], second["n"]) == (0, 1)
    assert "RedriveTime" not in first["all"]
    assert second["all"]["RedriveTime"] == "1970-01-01T00:16:40.000Z"
