"""bench.cloud measures a real local cloud from outside, and compares what it finds."""

import io
import json
import os
from pathlib import Path

import pytest
from invoke import Context
from invoke.exceptions import Exit
from rich.console import Console

from benchmarks import cloud
from benchmarks.callers import Done, Work, run
from benchmarks.cloud import FRESH, LOCAL, MINISTACK, Load, Soak, State
from scones.errors import SconesError
from scones.tasks import bench


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with cloud.ours(tmp_path_factory.mktemp("cloud")) as server:
        cloud.deploy_chain(server)
        yield server


def load(server, clients, per_second, **given):
    return Load(server, "chain", clients, per_second, 2.5, 9.5, 1.25, 10, given.get("refused", {}))


@pytest.mark.slow
@pytest.mark.parametrize("work", ["chain", "function"])
def test_counts_the_work_that_a_real_cloud_has_done(server, work):
    rounds = []
    (found,) = cloud.measure([server], work, clients=2, seconds=0.2, rounds=2, on_round=lambda: rounds.append(1))
    assert len(rounds) == 2
    assert found.done >= 4
    assert found.per_second > 0
    assert 0 < found.p50 <= found.p99
    assert not found.refused


@pytest.mark.slow
def test_a_counted_work_is_done_so_often(server):
    (found,) = cloud.measure([server], "chain", clients=2, seconds=0.0, rounds=1, count=5)
    assert found.done == 5
    states = server.client("stepfunctions").list_executions(
        stateMachineArn=f"arn:aws:states:us-east-1:123456789012:stateMachine:{cloud.CHAIN}", statusFilter="SUCCEEDED"
    )
    newest = states["executions"][0]["executionArn"]
    assert json.loads(server.client("stepfunctions").describe_execution(executionArn=newest)["output"]) == {"number": 4}


@pytest.mark.slow
def test_what_a_cloud_refuses_is_counted_and_not_measured(server):
    keys = (server.access_key_id, server.secret_access_key)
    absent = Work("function", server.endpoint, *keys, "absent", "{}", 2, 0.0, 0.0, count=4)
    done = run(absent)
    assert done.taken == []
    assert done.refused == {"404 ResourceNotFoundException": 4}
    unsigned = Work("function", server.endpoint, keys[0], "wrong", cloud.FUNCTION, "{}", 1, 0.0, 0.0, count=1)
    assert run(unsigned).refused == {"403 InvalidSignatureException": 1}


def test_a_lost_connection_is_an_error_and_no_figure():
    with pytest.raises(SconesError, match="broke 1 of 1 connections: ConnectionRefusedError"):
        cloud._sent(Work("function", "http://127.0.0.1:1", "a", "b", "f", "{}", 1, 0.0, 0.0, count=1))


def test_a_figure_is_the_median_of_its_rounds():
    runs = [(Done([0.1] * count, 1.0, {"429 TooManyRequestsException": 1}, []), 0.5) for count in (10, 30, 20)]
    found = cloud._load(LOCAL, "chain", 8, runs)
    assert (found.per_second, found.p50, found.processor, found.done) == (20.0, 100.0, 25.0, 60)
    assert found.refused == {"429 TooManyRequestsException": 3}


def test_a_cloud_that_does_nothing_has_no_figure():
    with pytest.raises(SconesError, match=r"MiniStack did not do one chain with 1 clients: \{'500 ': 3\}"):
        cloud._load(MINISTACK, "chain", 1, [(Done([], 1.0, {"500 ": 3}, []), None)])


def test_the_table_and_the_file_have_the_ratios(tmp_path):
    loads = [load(LOCAL, 8, 60.0, refused={"429 x": 7}), load(MINISTACK, 8, 20.0), load(LOCAL, 32, 60.0)]
    console = Console(width=100, file=io.StringIO())
    console.print(cloud.table(loads))
    rows = [line.split() for line in console.file.getvalue().splitlines() if "chain" in line]
    assert "3.0" in rows[0]
    assert "7" in rows[0]
    assert "3.0" not in rows[1]
    kept = json.loads(cloud.save(tmp_path / "cloud.json", loads, {"rounds": 3}).read_text())
    assert kept["ratios"] == {"chain 8": 3.0}
    assert len(kept["loads"]) == 3


def test_the_state_of_a_process_shows_what_it_takes():
    before = cloud.state(os.getpid())
    if before is None:
        pytest.skip("this system does not tell")
    with Path(os.devnull).open():
        after = cloud.state(os.getpid())
    assert after.descriptors == before.descriptors + 1
    assert before.memory_mb > 10
    assert before.threads >= 1


def test_the_table_of_a_soak_shows_before_and_after(tmp_path):
    then = (load(LOCAL, 8, 54.0), load(FRESH, 8, 50.0))
    found = Soak((load(LOCAL, 8, 60.0),), then, State(300.0, 42, 18, 4), State(333.0, 43, 19, 5))
    console = Console(width=100, file=io.StringIO())
    console.print(cloud.soak_table(found))
    text = console.file.getvalue()
    for shown in ("300", "333", "42", "43", "54.0", "50.0", "1.08"):
        assert shown in text
    assert json.loads(cloud.save_soak(tmp_path / "soak.json", found).read_text())["after"]["threads"] == 19


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clients": "0"}, "--clients must be a whole number from 1 to 64, not '0'"),
        ({"seconds": "0"}, "--seconds must be more than 0"),
        ({"rounds": "x"}, "--rounds must be a whole number"),
        ({"soak": "-1"}, "--soak must be a whole number"),
    ],
)
def test_refuses_what_it_cannot_use(options, message):
    with pytest.raises(Exit) as refused:
        bench.cloud(Context(), **options)
    assert message in refused.value.message
