"""A cloud that is killed after any of its commits goes on, and every execution ends as it would have."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from localcloud.durability.database import Database
from localcloud.stepfunctions.integrations.answers import Answer
from localcloud.stepfunctions.language.compiler import compile_definition
from localcloud.stepfunctions.language.scope import StateFailure
from localcloud.stepfunctions.models import Execution, Revision
from localcloud.stepfunctions.runner import Runner
from localcloud.stepfunctions.store import Stores

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
SECONDS = 20


class Services:
    """Answers calls at once. The name in the arguments says how.

    Attributes:
        calls: The names of the calls that were answered.
        asked: What tells each call from every other one.
        stopped: The names of the jobs that were stopped.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.asked: list[str] = []
        self.stopped: list[str] = []
        self.broken = {"fails"}

    def call(self, resource: Any, arguments: Any, caller: Any) -> Answer:
        name = arguments["name"]
        self.calls.append(name)
        self.asked.append(str(UUID(caller.call())))  # a header has it
        if name in self.broken:
            raise StateFailure("Broken", name)
        if resource.pattern == "sync":
            return Answer({}, {"service": "sagemaker", "action": "createTrainingJob", "name": name})
        return Answer({"name": name})

    def poll(self, job: Any, caller: Any) -> Any:
        return None

    def stop(self, job: Any, caller: Any) -> None:
        self.stopped.append(job["name"])


class Ends:
    """An observer that notes ends."""

    def __init__(self, told: list[str]) -> None:
        self._told = told

    def ended(self, execution: Execution) -> None:
        self._told.append(execution.arn)

    def started(self, execution: Execution) -> None:
        pass

    def wrote(self, execution: Execution, events: Any) -> None:
        pass

    def header(self, execution: Execution, state: str) -> str | None:
        return None


class Killable:
    """A runner whose database is copied after every commit, from that of the execution on.

    Attributes:
        commits: The copies, each with the calls that were answered before it.
        told: The ARNs of the executions whose end was told.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        if content is not None:
            path.write_bytes(content)
        self.database = Database(path)
        self.stores = Stores(self.database)
        self.services = Services()
        self.commits: list[tuple[bytes, list[str]]] = []
        self.told: list[str] = []
        self.runner = Runner(self.stores, self.services, compile_definition, (Ends(self.told),), Ends(self.told).ended)
        commit, database = self.database._commit, self.database

        def commit_and_copy() -> None:
            with database.lock:
                waited = bool(database._waiting) and not database._depth
                commit()
                if waited and database._connection.execute("SELECT 1 FROM execution").fetchone():
                    self.commits.append((database._connection.serialize(), list(self.services.calls)))

        database._commit = commit_and_copy  # type: ignore[method-assign]

    def started(self, states: dict[str, Any], **more: Any) -> Execution:
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        revision = Revision(definition, "arn:aws:iam::123456789012:role/r", {}, {})
        arn = MACHINE.replace("stateMachine", "execution") + ":é"
        execution = Execution(arn, MACHINE, "e", "STANDARD", revision, '{"items":[1,2,3]}', 1.0, **more)
        self.stores.executions.add(execution)
        self.runner.start(execution)
        return execution

    def ended(self, arn: str) -> Execution:
        found = self.stores.executions.get(arn)
        assert found is not None
        assert self.runner.wait(found, SECONDS)
        return found


def task(name: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"name": name},
        "ResultPath": None,
        **({"End": True} if "Next" not in more else {}),
        **more,
    }


def inside(name: str) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: task(name)}}


APART = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
EACH = {"Type": "Map", "ItemsPath": "$.items", "ResultPath": None}
FLOWS = {
    "First": task("first", Next="Both"),
    "Both": {"Type": "Parallel", "Branches": [inside("left"), inside("right")], "ResultPath": None, "Next": "Each"},
    "Each": {**EACH, "ItemProcessor": inside("item"), "Next": "Apart"},
    "Apart": {**EACH, "ItemProcessor": {**APART, **inside("apart")}, "Next": "Tolerant"},
    "Tolerant": {**EACH, "ToleratedFailurePercentage": 100, "ItemProcessor": {**APART, **inside("fails")}, "Next": "Z"},
    "Z": task("last"),
}
#: How often each name is called. The three executions of the Map "Tolerant" fail.
CALLS = Counter({"first": 1, "left": 1, "right": 1, "item": 3, "apart": 3, "fails": 3, "last": 1})
INTOLERANT = {"Map": {**EACH, "MaxConcurrency": 1, "ItemProcessor": {**APART, **inside("fails")}, "End": True}}
REDRIVEN = {"First": task("first", Next="Second"), "Second": task("fails")}


def whole(
    commit: Any, tmp_path: Path, number: int, broken: tuple[str, ...] = ("fails",)
) -> tuple[Killable, Counter[str]]:
    """A cloud that goes on from a commit, and the calls before it."""
    content, calls = commit
    again = Killable(tmp_path / f"{number}.sqlite", content)
    again.services.broken = set(broken)
    again.runner.resume()
    return again, Counter(calls)


def consecutive(killed: Killable, execution: Execution) -> list[str]:
    """The kinds of an execution's events, whose ids are consecutive."""
    events = killed.stores.executions.history(execution)
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    return [str(event["type"]) for event in events]


def test_an_execution_ends_as_it_would_have_and_no_finished_state_runs_again(tmp_path):
    before = Killable(tmp_path / "before.sqlite")
    execution = before.ended(before.started(FLOWS).arn)
    assert (execution.status, Counter(before.services.calls)) == ("SUCCEEDED", CALLS)
    assert len(set(before.services.asked)) == CALLS.total()
    kinds = Counter(consecutive(before, execution))
    assert len(before.commits) > 10
    for number, commit in enumerate(before.commits):
        again, earlier = whole(commit, tmp_path, number)
        found = again.ended(execution.arn)
        assert (found.status, found.output) == ("SUCCEEDED", execution.output), number
        assert Counter(consecutive(again, found)) == kinds, number
        for run in again.stores.map_runs.of(execution.arn):
            assert (run.status, run.redrive_count) == ("SUCCEEDED", 0), number
        made = earlier + Counter(again.services.calls)
        assert not CALLS - made, number
        if "first" in again.services.calls:
            assert again.services.asked[0] == before.services.asked[0], "the same call, made again"
        assert (made - CALLS).total() <= 3, f"{number}: more was called again than was on its way"


def test_an_end_is_told_though_the_cloud_was_killed_right_after_it_was_kept(tmp_path):
    before = Killable(tmp_path / "before.sqlite")
    execution = before.ended(before.started({"Only": task("only")}).arn)
    commits = list(before.commits)
    before.database.flush()
    assert before.told == [execution.arn]
    for number, commit in enumerate(commits):
        again, _ = whole(commit, tmp_path, number)
        again.ended(execution.arn)
        assert again.told == [execution.arn], f"{number}: none of these commits knows that the end was told"
    again, _ = whole(before.commits[-1], tmp_path, len(commits))
    assert again.told == [], "the last one does"


def test_a_map_run_with_too_many_failures_fails(tmp_path):
    before = Killable(tmp_path / "before.sqlite")
    execution = before.ended(before.started(INTOLERANT).arn)
    assert (execution.status, execution.error) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    for number, commit in enumerate(before.commits):
        again, _ = whole(commit, tmp_path, number)
        found = again.ended(execution.arn)
        assert (found.status, found.error, found.cause) == ("FAILED", execution.error, execution.cause), number
        assert len(again.stores.executions.listed(map_run_arn=again.stores.map_runs.of(found.arn)[0].arn)) == 1, number


def test_a_redrive_goes_on_where_the_execution_failed(tmp_path):
    before = Killable(tmp_path / "before.sqlite")
    execution = before.ended(before.started(REDRIVEN).arn)
    assert execution.status == "FAILED"
    before.database.flush()  # its end is told, which is kept a moment later
    before.commits.clear()
    before.services.calls.clear()
    before.services.broken.clear()
    before.runner.redrive(execution, 2.0)
    before.ended(execution.arn)
    assert (execution.status, before.services.calls) == ("SUCCEEDED", ["fails"])
    for number, commit in enumerate(before.commits):
        again, _ = whole(commit, tmp_path, number, broken=())
        found = again.ended(execution.arn)
        assert (found.status, found.redrive_count) == ("SUCCEEDED", 1), number
        assert "first" not in again.services.calls, f"{number}: a finished state ran again"
        assert consecutive(again, found).count("ExecutionRedriven") == 1, number


def test_the_end_of_a_redrive_is_told_though_it_ended_in_its_first_move(tmp_path):
    before = Killable(tmp_path / "before.sqlite")
    states = {"Only": {"Type": "Pass", "Parameters": {"value.$": "$.missing"}, "End": True}}
    execution = before.ended(before.started(states).arn)
    assert execution.status == "FAILED"
    before.database.flush()
    before.commits.clear()
    before.runner.redrive(execution, 2.0)
    before.ended(execution.arn)
    commits = list(before.commits)
    before.database.flush()
    assert before.told == [execution.arn, execution.arn]
    assert commits
    for number, commit in enumerate(commits):
        again, _ = whole(commit, tmp_path, number)
        assert again.ended(execution.arn).redrive_count == 1
        assert again.told == [execution.arn], number
    again, _ = whole(before.commits[-1], tmp_path, len(commits))
    assert again.told == []


@pytest.mark.parametrize("kind", ["job", "map run"])
def test_what_an_execution_has_begun_is_stopped_with_it(tmp_path, kind):
    """Also if the cloud ends right after the stop was kept."""
    states = {
        "job": {"Job": task("job", Resource="arn:aws:states:::sagemaker:createTrainingJob.sync")},
        "map run": {"Map": {**EACH, "ItemProcessor": {**APART, "StartAt": "W", "States": {"W": {
            "Type": "Wait", "Seconds": 3600, "End": True}}}, "End": True}},
    }[kind]  # fmt: skip
    before = Killable(tmp_path / "before.sqlite")
    begun = threading.Event()
    before.services.poll = lambda job, caller: begun.set()  # type: ignore[method-assign]
    execution = before.started(states)
    if kind == "job":
        assert begun.wait(SECONDS)
    else:
        deadline = SimpleNamespace(left=2000)
        while sum(one.map_run_arn is not None for one in before.stores.executions.running()) < 3 and deadline.left:
            deadline.left -= 1
            threading.Event().wait(0.01)
    before.commits.clear()
    before.runner.stop(execution, None, None)
    for number, commit in enumerate(before.commits):
        again, _ = whole(commit, tmp_path, number)
        assert again.ended(execution.arn).status == "ABORTED"
        if kind == "job":
            for _ in range(1000):
                if again.services.stopped or number == len(before.commits) - 1:
                    break
                threading.Event().wait(0.01)
            assert again.services.stopped == ["job"] or number, f"{number}: the job goes on"
            continue
        (run,) = again.stores.map_runs.of(execution.arn)
        assert run.status == "ABORTED", number
        for child in again.stores.executions.listed(map_run_arn=run.arn):
            assert again.ended(child.arn).status == "ABORTED", number


def test_a_move_for_which_there_was_no_space_is_in_the_history_once(tmp_path):
    cloud = Killable(tmp_path / "before.sqlite")
    database, call = cloud.database, cloud.services.call

    def call_with_a_full_disk(resource: Any, arguments: Any, caller: Any) -> Answer:
        if arguments["name"] == "first":
            database._connection.execute("PRAGMA max_page_count = 1")
        elif arguments["name"] == "second":
            database._connection.execute("PRAGMA max_page_count = 1000000")
        return call(resource, arguments, caller)

    cloud.services.call = call_with_a_full_disk  # type: ignore[method-assign]
    states = {"First": task("first", Next="Second", Parameters={"name": "first", "more": "x" * 50_000})}
    execution = cloud.ended(cloud.started({**states, "Second": task("second")}).arn)
    assert execution.status == "SUCCEEDED"
    cloud.database.flush()
    again = Killable(tmp_path / "again.sqlite", cloud.database._connection.serialize())
    assert consecutive(again, execution) == consecutive(cloud, execution)
    assert consecutive(again, execution).count("TaskSucceeded") == 2
