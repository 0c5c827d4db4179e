"""bench.kills notices what is lost, what is half there and what ran twice; and it kills a real cloud."""

import io
import itertools
import json

import pytest
from invoke import Context
from invoke.exceptions import Exit
from rich.console import Console

from benchmarks import kills
from benchmarks.kills import Found, Kill, machines, subjects
from benchmarks.kills.executions import history_problems
from benchmarks.kills.measure import shares
from benchmarks.kills.models import Collection, Setting
from localcloud.stepfunctions.language.compiler import compile_definition
from scones import settings
from scones.tasks import bench


def test_a_setting_may_have_the_last_value_that_was_acknowledged_or_one_that_was_asked_for_since():
    setting = Setting()
    for value in (1, 2):
        setting.asked(value)
        setting.acknowledged(value)
    setting.asked(3)
    setting.asked(4)
    setting.refused(4)
    assert setting.problem(3) is None
    assert setting.problem(2) == "is 2, and must be 3"


@pytest.mark.parametrize(("seen", "problem"), [(1, "is 1, and must be 2 or 3"), (None, "is None, and must be 2 or 3")])
def test_an_earlier_value_or_none_is_a_loss(seen, problem):
    setting = Setting()
    setting.asked(2)
    setting.acknowledged(2)
    setting.asked(3)
    assert setting.problem(seen) == problem


@pytest.mark.parametrize(
    ("seen", "problem"),
    [
        (["a", "b"], None),
        (["a", "b", "c"], None),
        (["a"], "1 (b) missing"),
        (["a", "b", "b"], "1 (b) too many"),
        (["a", "b", "c", "c"], "1 (c) too many"),
        (["a", "b", "d"], "1 (d) too many"),
    ],
)
def test_a_collection_has_all_that_was_acknowledged_and_nothing_that_was_refused(seen, problem):
    collection = Collection()
    collection.asked(["a", "b"])
    collection.acknowledged(["a", "b"])
    collection.asked(["c"])
    collection.asked(["d"])
    collection.refused(["d"])
    assert collection.problem(seen) == problem


def test_a_half_of_what_was_added_at_once_is_noticed():
    there: list[str] = []
    growing = subjects.Growing("lines", there.extend, lambda: there, at_once=3)
    for _ in range(2):
        _, model, names, send = growing.next()
        model.asked(names)
        send()
        model.acknowledged(names)
    assert growing.problems() == []
    there.pop()
    assert growing.problems() == ["1 (2.2) missing", "a half of batch 2 is there"]


def test_a_number_may_be_what_was_acknowledged_or_what_was_asked_for():
    seen = itertools.count()
    counted = subjects.Counted("values", lambda names: None, lambda: 3 * next(seen))
    _, model, names, _ = counted.next()
    model.asked(names)
    assert counted.problems() == [], "none is there yet"
    _, model, names, _ = counted.next()
    model.asked(names)
    model.acknowledged(names)
    assert counted.problems() == []
    assert counted.problems() == ["there are 6, and must be 3 to 3"]


def call(name, begun, ended):
    return {"call": name, "begun": begun, "ended": ended}


@pytest.mark.parametrize(
    ("calls", "found"),
    [
        ([call("a", 0, 1), call("b", 1, 2)], []),
        ([call("a", 9, 11), call("a", 12, 13)], []),  # it was on its way at 10
        ([call("a", 9, 9.8), call("a", 12, 13)], []),  # its answer was on its way
        ([call("a", 7, 8), call("a", 12, 13)], ["a"]),
        ([call("a", 12, 13), call("a", 14, 15)], ["a"]),
    ],
)
def test_a_call_that_is_made_again_after_its_answer_was_kept_is_noticed(calls, found):
    assert machines.repeated(calls, [10.0], slack=0.5) == found


def events(*kinds):
    return [{"id": number, "type": kind} for number, kind in enumerate(kinds, start=1)]


def test_a_history_with_a_gap_or_two_ends_is_noticed():
    good = events("ExecutionStarted", "ExecutionSucceeded")
    assert history_problems(good, 0) == []
    assert history_problems([good[0], {**good[1], "id": 3}], 0) == ["the ids of its events are not consecutive: [1, 3]"]
    assert history_problems(events("ExecutionStarted", "ExecutionFailed", "ExecutionSucceeded"), 0) == ["it has 2 ends"]
    redriven = events("ExecutionStarted", "ExecutionFailed", "ExecutionRedriven", "ExecutionSucceeded")
    assert history_problems(redriven, 1) == []
    assert history_problems(redriven[:1], 0) == ["it has 0 ends"]


def test_every_state_machine_can_be_created_and_has_an_ending_unless_only_others_start_it():
    definitions = machines.definitions()
    for definition in definitions.values():
        compile_definition(json.dumps(definition))
    assert set(definitions) == {*machines.ENDINGS, *machines.INNER}


def test_the_kills_are_shared_out():
    assert shares(100, {name: weight for name, (_, weight) in kills.PARTS.items()}) == {
        "executions": 40,
        "requests": 40,
        "demo": 20,
    }
    assert sum(shares(7, {"a": 40, "b": 40, "c": 20}).values()) == 7


LOST = Found(3, [Kill("requests", "s3 PutObject", 2.0), Kill("requests", "s3 PutObject", 2.5, ("objects: a is None",))])


def test_the_table_and_the_file_show_what_was_going_on(tmp_path):
    console = Console(width=100, file=io.StringIO())
    console.print(kills.table(LOST))
    (row,) = [line.split("│") for line in console.file.getvalue().splitlines() if "PutObject" in line]
    assert [cell.strip() for cell in row[1:6]] == ["requests", "s3 PutObject", "2", "1", "2.5 s"]
    kept = json.loads(kills.save(tmp_path / "kills.json", LOST).read_text())
    assert kept["lost"] == ["objects: a is None"]


def test_a_loss_is_exit_code_1(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    monkeypatch.setattr(kills, "measure", lambda folder, **given: LOST)
    with pytest.raises(Exit) as ended:
        bench.kills(Context())
    assert ended.value.code == 1
    assert "objects: a is None" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kills": "0"}, "--kills must be a whole number from 1 to 10000, not '0'"),
        ({"seed": "x"}, "--seed must be a whole number"),
        ({"part": ["all"]}, "--part must be one of executions, requests, demo, not 'all'"),
    ],
)
def test_refuses_what_it_cannot_use(options, message):
    with pytest.raises(Exit) as refused:
        bench.kills(Context(), **options)
    assert message in refused.value.message


@pytest.mark.slow
@pytest.mark.nightly
def test_a_real_cloud_is_killed(tmp_path):
    doing = []
    found = kills.measure(tmp_path, kills=1, seed=1, parts=("requests",), on_moment=doing.append)
    assert found.lost == []
    assert len(found.kills) == 1
    assert found.work["requests"]["requests answered"] > 0
    assert doing[0].startswith("requests: ")
