"""What the tasks around the local cloud print, and how they end."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from invoke import Context
from invoke.exceptions import Exit

from scones import settings
from scones.tasks import local


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
    with pytest.raises(SystemExit) as ended:
        local.status(Context())
    assert ended.value.code == 1
    assert "invoke local.up" in capsys.readouterr().out


@pytest.mark.parametrize("task", [local.up, local.down, local.status, local.logs])
def test_an_environment_on_aws_has_no_local_cloud(task):
    with pytest.raises(Exit, match="environment 'dev' is AWS itself") as ended:
        task(Context(), env="dev")
    assert ended.value.code == 2
