"""What the tasks around the local cloud print, and how they end."""

from __future__ import annotations

import os
import signal
from types import SimpleNamespace

import pytest
from invoke import Context
from invoke.exceptions import Exit

from localcloud import control
from scones import settings
from scones.tasks import local

from .conftest import eventually


@pytest.fixture
def of_the_tests_cloud(cloud, monkeypatch):
    """The environment 'local' with this test run's cloud."""
    environment = SimpleNamespace(name="local", cloud_path=cloud.state / "cloud.json")
    monkeypatch.setattr(settings, "load", lambda name: environment)


def test_up_and_status_say_where_the_cloud_is(cloud, of_the_tests_cloud, capsys):
    local.up(Context())
    local.status(Context())
    said = capsys.readouterr().out
    assert said.count(cloud.endpoint) == 2
    assert f"pid {cloud.running.pid}" in said
    assert "is running" in said


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(of_the_tests_cloud, port):
    with pytest.raises(Exit, match=f"--port must be a whole number from 1 to 65535, not '{port}'"):
        local.up(Context(), port=port)


def test_logs_shows_the_last_lines(cloud, of_the_tests_cloud, capsys):
    cloud.client("sts").get_caller_identity()
    local.logs(Context(), lines=1)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert " 200 " in said


def test_status_fails_where_no_cloud_runs(tmp_path, monkeypatch, capsys):
    environment = SimpleNamespace(name="local", cloud_path=tmp_path / "cloud.json")
    monkeypatch.setattr(settings, "load", lambda name: environment)
    with pytest.raises(Exit) as ended:
        local.status(Context())
    assert ended.value.code == 1
    assert "invoke local.up" in capsys.readouterr().out


@pytest.fixture
def own(tmp_path, monkeypatch):
    """An environment with a local cloud that has never been started."""
    environment = SimpleNamespace(
        name="local", cloud_path=tmp_path / "local" / "cloud.json", build=tmp_path / "build", root=tmp_path
    )
    monkeypatch.setattr(settings, "load", lambda name: environment)
    yield environment
    control.down(tmp_path / "local")


def test_a_crash_is_told_from_an_end(own, capsys):
    state = own.cloud_path.parent
    control.up(state, port=0)
    local.down(Context())
    assert "invoke local.up" in capsys.readouterr().out
    for told in ("it was ended in order, 20", "keeps everything: "):
        with pytest.raises(Exit):
            local.status(Context())
        assert told in capsys.readouterr().out

    (own.build / "artifacts" / "1f").mkdir(parents=True)
    (own.build / "artifacts" / "1f" / "model.tar.gz").touch()
    local.up(Context())
    assert "crashed" not in capsys.readouterr().out
    os.kill(control.status(state).pid, signal.SIGKILL)
    eventually(lambda: not control.is_alive(state))
    with pytest.raises(Exit):
        local.status(Context())
    said = capsys.readouterr().out
    assert "its last process crashed or was killed; it was last alive 20" in said
    assert "keeps everything that it had acknowledged: " in said
    local.up(Context())
    said = capsys.readouterr().out
    assert "had not ended in order: it crashed or was killed. Last alive: 20" in said
    assert "it holds: " in said
    assert "1 model artifacts that were fetched stay in" in said


def test_reset_asks_and_says_what_goes(own, capsys, monkeypatch):
    state = own.cloud_path.parent
    local.reset(Context())
    assert "nothing to throw away" in capsys.readouterr().out
    control.up(state, port=0)
    with pytest.raises(Exit, match="say --yes"):
        local.reset(Context())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("scones.tasks.prepare.asked", lambda question: False)
    with pytest.raises(Exit, match="nothing was thrown away"):
        local.reset(Context())
    assert control.status(state)
    capsys.readouterr()
    local.reset(Context(), yes=True)
    said = capsys.readouterr().out
    assert "MB; it runs, and is ended first" in said
    assert "it holds: " in said
    assert not control.is_alive(state)
    assert not (state / "cloud.sqlite").exists()
    local.reset(Context())
    assert "nothing to throw away" in capsys.readouterr().out


def test_reset_is_the_way_out_of_a_damaged_database(own, capsys):
    state = own.cloud_path.parent
    state.mkdir()
    (state / "cloud.lock").touch()
    (state / "cloud.sqlite").write_text("no database" * 1000)
    with pytest.raises(Exit, match=r"is damaged(.|\n)*invoke local\.reset"):
        local.up(Context())
    local.reset(Context(), yes=True)
    assert "is damaged" in capsys.readouterr().out
    assert not (state / "cloud.sqlite").exists()


@pytest.mark.parametrize("task", [local.up, local.down, local.status, local.reset, local.logs])
def test_an_environment_on_aws_has_no_local_cloud(task):
    with pytest.raises(Exit, match="environment 'dev' is AWS itself") as ended:
        task(Context(), env="dev")
    assert ended.value.code == 2
