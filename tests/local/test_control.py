"""The local cloud starts once, is found again, and leaves nothing behind, also after a kill."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from localcloud import control, server
from localcloud.errors import LocalCloudError

from .conftest import eventually, package

FUNCTION = "import os\ndef handler(event, context):\n    return os.getpid()\n"


def is_gone(pid: int) -> bool:
    """Whether a process has ended (a zombie has)."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


def client(cloud: control.Cloud, service: str):
    import boto3

    keys = {"aws_access_key_id": cloud.access_key_id, "aws_secret_access_key": cloud.secret_access_key}
    return boto3.client(service, endpoint_url=cloud.endpoint, region_name="us-east-1", **keys)


def a_worker_of(cloud: control.Cloud) -> int:
    """The process id of a function's warm worker."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = client(cloud, "iam").create_role(
        RoleName="role", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    functions = client(cloud, "lambda")
    functions.create_function(
        FunctionName="who",
        Runtime="python3.13",
        Role=role,
        Handler="handler.handler",
        Code={"ZipFile": package(FUNCTION)},
    )
    return json.load(functions.invoke(FunctionName="who")["Payload"])


@pytest.fixture
def state(tmp_path):
    """A folder for a cloud. The cloud is ended after the test."""
    yield tmp_path / "local"
    control.down(tmp_path / "local")


def test_up_finds_the_running_cloud_and_down_ends_it_with_all_its_processes(state):
    first = control.up(state, port=0)
    assert control.up(state) == control.status(state) == first
    assert (
        json.loads((state / "cloud.json").read_text()).items()
        >= {
            "endpoint": f"http://127.0.0.1:{first.port}",
            "port": first.port,
            "pid": first.pid,
        }.items()
    )
    with pytest.raises(LocalCloudError, match=f"runs on port {first.port}, not 1"):
        control.up(state, port=1)
    worker = a_worker_of(first)
    assert not is_gone(worker)
    assert control.down(state)
    assert is_gone(worker)
    eventually(lambda: is_gone(first.pid))
    assert control.status(state) is None
    assert not (state / "cloud.json").exists()
    assert not control.down(state), "there was none to end"


def test_a_killed_cloud_takes_its_workers_along_and_its_files_are_no_obstacle(state):
    """After kill -9 the files still name a process id. By then another process may have it, here this one."""
    killed = control.up(state, port=0)
    worker = a_worker_of(killed)
    (state / "model.tfvars.json").write_text("{}")
    os.kill(killed.pid, signal.SIGKILL)
    eventually(lambda: is_gone(worker))
    left = json.loads((state / "cloud.json").read_text())
    (state / "cloud.json").write_text(json.dumps(left | {"pid": os.getpid()}))
    (state / "cloud.lock").write_text(str(os.getpid()))
    assert control.status(state) is None
    began = time.monotonic()
    again = control.up(state, port=0)
    assert time.monotonic() - began < 6
    assert again.pid not in (killed.pid, os.getpid())
    assert not (state / "model.tfvars.json").exists(), "the model belonged to the cloud that is gone"
    assert (state / "cloud.previous.log").exists(), "why it ended may be in its log"


def test_a_cloud_ends_when_nobody_could_find_it_any_more(state):
    running = control.up(state, port=0)
    (state / "cloud.json").unlink()
    eventually(lambda: is_gone(running.pid))


def test_a_second_checkouts_cloud_takes_a_free_port_on_loopback_only(state, tmp_path, monkeypatch):
    first = control.up(state, port=0)
    with pytest.raises(LocalCloudError, match=f"cannot use port {first.port}: Address already in use"):
        control.up(tmp_path / "other", port=first.port)
    monkeypatch.setattr(server, "DEFAULT_PORT", first.port)
    with contextlib.closing(server.bind(None)) as second:
        address, port = second.getsockname()
    assert port != first.port
    assert address == "127.0.0.1"
    with contextlib.closing(socket.socket()) as outside:
        outside.settimeout(5)
        assert outside.connect_ex(("127.0.0.2", first.port)) != 0, "it listens on 127.0.0.1 and nowhere else"


def test_a_tethered_cloud_ends_with_the_process_that_started_it(state):
    code = "from localcloud import control; from pathlib import Path; import sys, time\n"
    code += "control.up(Path(sys.argv[1]), port=0, tethered=True); print('up', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(state)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout.readline() == "up\n"
        pid = control.status(state).pid
        owner.kill()
    eventually(lambda: is_gone(pid))


def test_an_interrupted_start_leaves_no_process(state, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(control.select, "select", interrupted)
    with pytest.raises(KeyboardInterrupt):
        control.up(state, port=0)
    monkeypatch.undo()
    eventually(lambda: not control.is_alive(state))


def test_those_who_only_ask_are_not_taken_for_a_cloud_and_keep_none_from_starting(state):
    """Otherwise `down` ends the process that now has the id in an earlier cloud's lock file."""
    state.mkdir()
    (state / "cloud.lock").write_text(str(os.getpid()))
    with (state / "cloud.lock").open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        assert not control.is_alive(state)
        assert not control.down(state), "and this process, whose pid is in the file, was left alone"
        release = threading.Timer(0.2, asking.close)
        release.start()
        with contextlib.closing(control.hold_lock(state)):
            assert control.is_alive(state)
        release.join()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"endpoint": 3, "port": 1, "pid": [], "started": 0}'])
def test_an_address_that_says_nothing_is_no_running_cloud(state, text):
    state.mkdir()
    with contextlib.closing(control.hold_lock(state)):
        (state / "cloud.json").write_text(text)
        assert control.status(state) is None


def test_a_folder_of_other_things_is_neither_cleared_nor_made_a_clouds(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(LocalCloudError, match="holds files that do not belong to a local cloud"):
        control.up(tmp_path, port=0)
    assert not control.down(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_down_does_nothing_where_no_cloud_ever_was(tmp_path):
    assert control.down(tmp_path / "nowhere") is False
    assert control.status(tmp_path / "nowhere") is None
    assert not (tmp_path / "nowhere").exists()


def test_a_running_cloud_begins_a_new_log_when_its_log_is_large(state):
    running = control.up(state, port=0)
    log, previous = state / control.LOG, state / control.PREVIOUS_LOG
    os.truncate(log, 17 << 20)  # a hole: it takes no space
    eventually(lambda: previous.exists() and previous.stat().st_size == 17 << 20)
    eventually(lambda: log.exists() and log.stat().st_size == 0)
    client(running, "s3").list_buckets()
    eventually(lambda: "200 s3 GET /" in log.read_text())
    assert not any(path.stat().st_mode & 0o077 for path in (log, previous)), "only the owner may read them"
