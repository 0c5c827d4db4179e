"""An execution is followed: what is new is told once, until its end."""

from datetime import UTC, datetime

import pytest

from scones.console.live import MORE
from scones.console.watch import ExecutionWatch, ExecutionWatches
from scones.errors import WorkflowError

ARN = "arn:aws:states:us-east-1:123456789012:execution:m:e"
NOW = datetime(2026, 11, 30, tzinfo=UTC)
DEFINITION = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'


class Machine:
    """Step Functions with one execution, whose events the test adds."""

    class exceptions:
        class ExecutionDoesNotExist(Exception):
            pass

        class InvalidArn(Exception):
            pass

    def __init__(self, page=1000):
        self.events, self.status, self.page, self.asked, self.described = [], "RUNNING", page, 0, 0

    def add(self, kind, before=0, **details):
        number = len(self.events) + 1
        name = {"PassStateEntered": "stateEnteredEventDetails", "PassStateExited": "stateExitedEventDetails"}.get(kind)
        event = {"id": number, "previousEventId": before, "type": kind, "timestamp": NOW}
        self.events.append({**event, **({name: details} if name else {})})

    def describe_execution(self, executionArn):
        if executionArn != ARN:
            raise self.exceptions.ExecutionDoesNotExist
        self.described += 1
        return {"executionArn": ARN, "status": self.status, "startDate": NOW}

    def describe_state_machine_for_execution(self, executionArn):
        return {"definition": DEFINITION, "roleArn": "arn:aws:iam::123456789012:role/r"}

    def get_execution_history(self, executionArn, maxResults, includeExecutionData, nextToken="0", reverseOrder=False):
        self.asked += 1
        events, start = (self.events[::-1] if reverseOrder else self.events), int(nextToken)
        size = min(self.page, maxResults)
        more = {"nextToken": str(start + size)} if start + size < len(events) else {}
        return {"events": events[start : start + size], **more}


def messages(look):
    """What a look tells, without the wish to look again at once."""
    return [one for one in look() if one is not MORE]


def test_each_event_is_told_once_and_the_end_ends_it():
    sfn = Machine()
    sfn.add("ExecutionStarted")
    sfn.add("PassStateEntered", name="A", input="1")
    look = ExecutionWatch(sfn, ARN).news()
    (graph,) = messages(look)
    news, about = messages(look)
    assert [box["name"] for box in graph["graph"]["boxes"]] == ["A"]
    assert [one["id"] for one in news["events"]] == [1, 2]
    assert [(one["name"], one["status"]) for one in news["runs"]] == [("A", "running")]
    assert about["answer"]["verdict"] == "running"
    assert messages(look) == []
    sfn.add("PassStateExited", before=2, name="A", output="2")
    sfn.add("ExecutionSucceeded")
    sfn.status = "SUCCEEDED"
    news, about = messages(look)
    assert [one["id"] for one in news["events"]] == [3, 4]
    assert [(one["name"], one["status"]) for one in news["runs"]] == [("A", "succeeded")]
    assert about["execution"]["status"] == "SUCCEEDED"
    with pytest.raises(StopIteration):
        look()


def test_a_look_at_an_execution_that_waits_is_one_call_and_the_end_is_told_with_its_status():
    sfn = Machine()
    sfn.add("ExecutionStarted")
    look = ExecutionWatch(sfn, ARN).news()
    for _ in range(5):
        messages(look)
    assert (sfn.asked, sfn.described) == (4, 1)
    sfn.add("ExecutionSucceeded")
    sfn.status = "SUCCEEDED"
    news, about = messages(look)
    assert [one["id"] for one in news["events"]] == [2]
    assert about["execution"]["status"] == "SUCCEEDED"


def test_a_status_that_comes_after_the_last_event_is_waited_for():
    """AWS may describe an execution as RUNNING a moment after its history has ended."""
    sfn = Machine()
    sfn.add("ExecutionStarted")
    sfn.add("ExecutionSucceeded")
    look = ExecutionWatch(sfn, ARN).news()
    for _ in range(3):
        assert not any(one.get("execution", {}).get("status") == "SUCCEEDED" for one in messages(look))
    sfn.status = "SUCCEEDED"
    (about,) = messages(look)
    assert about["execution"]["status"] == "SUCCEEDED"
    with pytest.raises(StopIteration):
        look()


def test_a_long_history_is_told_page_by_page():
    sfn = Machine(page=2)
    for number in range(5):
        sfn.add("PassStateEntered", name="A", input=str(number))
    sfn.add("ExecutionSucceeded")
    sfn.status = "SUCCEEDED"
    look = ExecutionWatch(sfn, ARN).news()
    seen = [[one["id"] for message in messages(look) for one in message.get("events", [])] for _ in range(4)]
    assert seen == [[], [1, 2], [3, 4], [5, 6]]
    with pytest.raises(StopIteration):
        look()


def test_two_browsers_share_what_was_read():
    sfn, watches = Machine(), ExecutionWatches()
    sfn.add("ExecutionStarted")
    sfn.status = "FAILED"
    sfn.add("ExecutionFailed")
    told = []
    for _ in range(2):
        look = watches.of(sfn, ARN).news()
        told.append(messages(look) + messages(look))
        asked = sfn.asked
    news = told[1]
    assert [one["id"] for message in news for one in message.get("events", [])] == [1, 2]
    assert asked == 2, "the second one asked only for what is new"


def test_an_execution_that_is_not_there_is_named():
    with pytest.raises(WorkflowError, match="there is no execution arn:other"):
        ExecutionWatch(Machine(), "arn:other").described()
