"""What became of states, from histories of AWS's form."""

from datetime import UTC, datetime, timedelta

from scones.service.workflow.history import Reader, runs

BEGAN = datetime(2026, 11, 30, 10, tzinfo=UTC)


def event(number, kind, before, seconds=0.0, **details):
    found = {"id": number, "previousEventId": before, "type": kind, "timestamp": BEGAN + timedelta(seconds=seconds)}
    if kind.endswith("StateEntered"):
        found["stateEnteredEventDetails"] = details
    elif kind.endswith("StateExited"):
        found["stateExitedEventDetails"] = details
    elif details:
        found["someEventDetails"] = details
    return found


def test_events_of_branches_that_run_at_once_belong_to_their_own_state():
    """The event before says which: B was entered later, and A ends first."""
    found = runs(
        [
            event(1, "ExecutionStarted", 0),
            event(2, "ParallelStateEntered", 0, name="Both", input="{}"),
            event(3, "TaskStateEntered", 2, name="A"),
            event(4, "TaskStateEntered", 2, 1, name="B"),
            event(5, "TaskScheduled", 3, 1, parameters='{"FunctionName": "arn:aws:lambda:r:1:function:a"}'),
            event(6, "TaskScheduled", 4, 1, parameters="not json", resource="invoke"),
            event(7, "TaskSucceeded", 5, 2),
            event(8, "TaskStateExited", 7, 3, name="A", output='"a"'),
            event(9, "TaskFailed", 6, 4, error="Boom", cause="why"),
            event(10, "TaskStateExited", 9, 5, name="B", output="{}"),
        ]
    )
    assert [(one.name, one.status, one.seconds) for one in found] == [
        ("Both", "running", None),
        ("A", "succeeded", 3.0),
        ("B", "caught", 4.0),
    ]
    assert found[1].function == "arn:aws:lambda:r:1:function:a"
    assert found[2].function is None
    assert (found[2].error, found[2].cause) == ("Boom", "why")


def test_another_attempt_forgets_the_error_of_the_one_before():
    found = runs(
        [
            event(1, "TaskStateEntered", 0, name="A"),
            event(2, "TaskScheduled", 1),
            event(3, "TaskTimedOut", 2),
            event(4, "TaskScheduled", 3),
            event(5, "TaskSucceeded", 4),
            event(6, "TaskStateExited", 5, 2, name="A", output="1"),
        ]
    )
    (run,) = found
    assert (run.status, run.attempts, run.error, run.output) == ("succeeded", 2, None, "1")


def test_the_execution_ends_the_states_that_run_and_a_redrive_goes_on():
    reader = Reader()
    for one in (
        event(1, "TaskStateEntered", 0, name="A"),
        event(2, "TaskScheduled", 1),
        event(3, "ExecutionFailed", 2, 4, error="States.Timeout", cause="too long"),
    ):
        reader.read(one)
    (run,) = reader.runs
    assert (reader.status, run.status, run.error, run.seconds) == ("failed", "failed", "States.Timeout", 4.0)
    reader.read(event(4, "ExecutionRedriven", 0, 9))
    assert reader.status == "running"
    reader.read(event(5, "ExecutionAborted", 0, 9))
    assert reader.status == "aborted"


def test_an_event_of_no_known_state_is_the_executions_own():
    assert Reader().read(event(7, "TaskSucceeded", 6)) is None
