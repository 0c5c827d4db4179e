"""Tasks that wait: task tokens, jobs, activities, heartbeats; and the limits of an execution."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.stepfunctions.engine import machine, tasks
from localcloud.stepfunctions.engine.effects import Cancel, Invoke, Offer, Poll, Wake
from localcloud.stepfunctions.engine.machine import MOST_EVENTS
from localcloud.stepfunctions.language.scope import StateFailure

from .driver import ACTIVITY, CALLBACK, FUNCTION, HANG, MACHINE, ROLE, Driver, chain, one, run, task

SYNC = "arn:aws:states:::sagemaker:createTrainingJob.sync"
SQS = "arn:aws:states:::sqs:sendMessage"
TOKEN_TASK = {"Type": "Task", "Resource": CALLBACK, "Parameters": {"t.$": "$$.Task.Token"}}


def service(arn: str = SQS, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": arn, **fields}


class TestCalls:
    def test_history_of_a_function(self) -> None:
        found = run(one(task()), {"a": 1}, answers=[{"b": 2}])
        assert found.types[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]
        scheduled = found.of("LambdaFunctionScheduled")[0]
        assert (scheduled["resource"], scheduled["input"]) == (FUNCTION, '{"a":1}')

    def test_history_of_a_services_action(self) -> None:
        found = run(one(service(Parameters={"QueueUrl": "q"})), answers=[{"MessageId": "1"}])
        assert found.types[2:5] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"]
        assert found.of("TaskScheduled") == [
            {"resourceType": "sqs", "resource": "sendMessage", "region": "us-east-1", "parameters": '{"QueueUrl":"q"}'}
        ]
        assert found.of("TaskSucceeded")[0]["output"] == '{"MessageId":"1"}'

    def test_a_services_action_that_fails(self) -> None:
        found = run(one(service()), answers=[StateFailure("SQS.X", "c")])
        assert found.of("TaskFailed") == [
            {"resourceType": "sqs", "resource": "sendMessage", "error": "SQS.X", "cause": "c"}
        ]
        assert found.failure == ("SQS.X", "c")


class TestTokens:
    def test_the_task_waits_for_its_token(self) -> None:
        found = run(one(TOKEN_TASK), answers=[{"MessageId": "1"}])
        call = found.left(Invoke)[0]
        assert call.token is not None
        assert found.arguments == [{"t": call.token}]
        assert found.types[-1] == "TaskSubmitted"
        assert found.tell(call, tasks.with_token, {"output": {"done": True}}).output == {"done": True}
        assert found.types[4:6] == ["TaskSubmitted", "TaskSucceeded"]

    def test_a_failure_with_the_token(self) -> None:
        found = run(one(TOKEN_TASK))
        found.tell(found.left(Invoke)[0], tasks.with_token, {"error": "E", "cause": "c"})
        assert found.failure == ("E", "c")

    @pytest.mark.parametrize("ended", [{"output": 1}, {"error": "E", "cause": None}])
    def test_a_token_may_be_used_before_the_call_returns(self, ended: dict[str, Any]) -> None:
        found = run(one(TOKEN_TASK), answers=[HANG])
        call = found.left(Invoke)[0]
        found.tell(call, tasks.with_token, ended)
        assert found.run.status == "RUNNING"
        found.tell(call, tasks.answered, {"MessageId": "1"}, None)
        assert found.types[4] == "TaskSubmitted"
        assert found.run.status == ("SUCCEEDED" if "output" in ended else "FAILED")

    def test_a_retry_has_a_new_token(self) -> None:
        state = {**TOKEN_TASK, "Retry": [{"ErrorEquals": ["E"]}]}
        found = run(one(state))
        found.tell(found.left(Invoke)[0], tasks.with_token, {"error": "E", "cause": "c"}).go_on()
        first, second = found.left(Invoke)
        assert first.token != second.token
        found.tell(first, tasks.with_token, {"output": "stale"})
        assert found.run.status == "RUNNING"
        assert found.tell(second, tasks.with_token, {"output": "fresh"}).output == "fresh"

    def test_a_call_that_fails_lets_go_of_the_token(self) -> None:
        found = run(one(TOKEN_TASK), answers=[StateFailure("E", "c")])
        assert found.failure == ("E", "c")
        assert found.left(Cancel)


class TestJobs:
    def test_a_job_is_polled_until_it_ends(self) -> None:
        found = run(one(service(SYNC)), answers=[HANG])
        found.tell(found.left(Invoke)[0], tasks.answered, {"TrainingJobArn": "a"}, {"name": "j"})
        assert found.types[-1] == "TaskSubmitted"
        poll = found.left(Poll)[0]
        assert poll.job == {"name": "j"}
        assert found.tell(poll, tasks.succeeded, {"Status": "Completed"}).output == {"Status": "Completed"}

    def test_a_job_is_stopped_when_its_task_times_out(self) -> None:
        found = Driver(one(service(SYNC, TimeoutSeconds=5)), answers=[HANG]).start(until=1001.0)
        found.tell(found.left(Invoke)[0], tasks.answered, {}, {"name": "j"}).go_on()
        assert found.failure[0] == "States.Timeout"
        assert {"name": "j"} in [cancel.job for cancel in found.left(Cancel)]

    def test_a_job_is_stopped_with_its_execution(self) -> None:
        found = run(one(service(SYNC)), answers=[HANG])
        found.tell(found.left(Invoke)[0], tasks.answered, {}, {"name": "j"}).stop()
        assert [cancel.job for cancel in found.left(Cancel)] == [{"name": "j"}]


class TestActivities:
    def test_a_worker_takes_the_task_and_ends_it(self) -> None:
        found = run(one(service(ACTIVITY)), {"a": 1})
        offer = found.left(Offer)[0]
        found.tell(offer, tasks.offered).tell(offer, tasks.taken, "worker")
        assert found.of("ActivityStarted") == [{"workerName": "worker"}]
        assert found.tell(offer, tasks.with_token, {"output": 2}).output == 2
        assert found.types[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]

    def test_an_activity_that_does_not_exist(self) -> None:
        found = run(one(service(ACTIVITY)))
        found.tell(found.left(Offer)[0], tasks.refused, "States.Runtime", "no such activity")
        assert found.failure[0] == "States.Runtime"

    def test_its_timeout_counts_while_nobody_takes_the_task(self) -> None:
        found = run(one(service(ACTIVITY, TimeoutSeconds=5)))
        found.tell(found.left(Offer)[0], tasks.offered).go_on()
        assert (found.now, found.failure[0]) == (1005.0, "States.Timeout")
        assert found.types[-2:] == ["ActivityTimedOut", "ExecutionFailed"]

    def test_its_heartbeat_counts_from_the_taking(self) -> None:
        found = Driver(one(service(ACTIVITY, HeartbeatSeconds=5))).start(until=1000.0)
        offer = found.left(Offer)[0]
        found.tell(offer, tasks.offered).go_on(until=1100.0)
        assert found.run.status == "RUNNING"
        found.tell(offer, tasks.taken, None).go_on()
        assert found.now == 1105.0
        assert found.run.status == "FAILED"


class TestContext:
    def test_it_describes_the_execution(self) -> None:
        found = run(one(task(Parameters={"c.$": "$$"})), {"a": 1})
        assert found.arguments[0]["c"] == {
            "Execution": {
                "Id": "arn:e",
                "Input": {"a": 1},
                "StartTime": "1970-01-01T00:16:40.000Z",
                "Name": "e",
                "RoleArn": ROLE,
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": MACHINE, "Name": "m"},
            "State": {"Name": "S", "EnteredTime": "1970-01-01T00:16:40.000Z", "RetryCount": 0},
        }

    def test_it_is_the_same_in_jsonata(self) -> None:
        state = task(Arguments="{% $states.context.State.Name & $states.context.Execution.Name %}")
        assert run(one(state, QueryLanguage="JSONata")).arguments == ["Se"]

    def test_a_field_that_is_not_there(self) -> None:
        found = run(one(task(Parameters={"c.$": "$$.Task.Token"})))
        assert found.failure[0] == "States.Runtime"


class TestHistory:
    def test_ids_follow_each_other(self) -> None:
        found = run(chain({"A": task(), "B": {"Type": "Wait", "Seconds": 1}, "C": {"Type": "Succeed"}}))
        assert [event["id"] for event in found.events] == list(range(1, len(found.events) + 1))

    def test_a_standard_execution_has_so_many_events_and_no_more(self) -> None:
        loop: dict[str, Any] = {"A": {"Type": "Pass"}, "B": {}, "C": {"Type": "Succeed"}}
        loop["B"] = {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": False, "Next": "C"}], "Default": "A"}
        found = run(chain(loop))
        assert len(found.events) == MOST_EVENTS == 25_000
        assert found.types[-1] == "ExecutionFailed"
        assert found.run.status == "FAILED"

    def test_an_express_execution_that_goes_round_for_ever_times_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(machine, "MOST_EXPRESS_STEPS", 1_000)
        again = {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": False, "Next": "C"}], "Default": "A"}
        found = run(chain({"A": {"Type": "Pass"}, "B": again, "C": {"Type": "Succeed"}}), express=True)
        assert found.run.status == "TIMED_OUT"

    def test_the_iterations_of_a_long_map_are_no_loop(self, monkeypatch) -> None:
        monkeypatch.setattr(machine, "MOST_EXPRESS_STEPS", 100)
        inside = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Next": "J"}, "J": {"Type": "Pass", "End": True}}}
        items = list(range(1_000))
        assert run(one({"Type": "Map", "ItemProcessor": inside}), items, express=True).output == items

    def test_a_state_that_assigns_shows_it(self) -> None:
        found = run(one({"Type": "Pass", "Assign": {"v": {"a": 1}}}))
        assert found.of("PassStateExited")[0]["assignedVariables"] == {"v": '{"a":1}'}

    def test_nothing_rings_after_the_end(self) -> None:
        found = run(one(task(TimeoutSeconds=5)), answers=["ok"])
        events = len(found.events)
        for wake in found.left(Wake):
            found.now = wake.moment
            found._move(found.machine.woken, [wake])
        assert len(found.events) == events
