"""The local cloud starts once, is found again, and leaves no process behind. Its folder keeps what it holds."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from localcloud import control, server
from localcloud.durability import facts
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
    assert control.up(state, port=0) == first, "any port will do"
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
    os.kill(killed.pid, signal.SIGKILL)
    eventually(lambda: is_gone(worker))
    left = json.loads((state / "cloud.json").read_text())
    (state / "cloud.json").write_text(json.dumps(left | {"pid": os.getpid()}))
    (state / "cloud.lock").write_text(str(os.getpid()))
    assert control.status(state) is None
    began = time.monotonic()
    again = control.up(state, port=0)
    assert time.monotonic() - began < control.STOP_SECONDS / 2, "nobody waits for the dead"
    assert again.pid not in (killed.pid, os.getpid())
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
    with contextlib.closing(server.bind(None, None)) as second:
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
    for act in (control.up, control.reset):
        with pytest.raises(
            LocalCloudError, match=r"holds files that do not belong to a local cloud, such as thesis\.txt"
        ):
            act(tmp_path)
    assert not control.down(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_of_another_user_is_refused_and_a_clouds_own_is_closed_to_others(state, monkeypatch):
    control.up(state, port=0)
    assert state.stat().st_mode & 0o777 == 0o700
    assert [(state / name).stat().st_mode & 0o077 for name in ("cloud.json", "cloud.sqlite")] == [0, 0]
    monkeypatch.setattr(os, "getuid", lambda: state.stat().st_uid + 1)
    for act in (control.up, control.reset):
        with pytest.raises(LocalCloudError, match="belongs to another user"):
            act(state)
    assert control.status(state), "it was left alone"


@pytest.mark.parametrize("end", [control.down, lambda state: os.kill(control.status(state).pid, signal.SIGKILL)])
def test_the_next_process_has_the_same_port_keys_and_files(state, end):
    first = control.up(state, port=0)
    for name in ("model.tfvars.json", "objects/one", "functions/a/handler.py", "training/job/model"):
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_text("kept")
    end(state)
    eventually(lambda: not control.is_alive(state))
    again = control.up(state)
    assert (again.port, again.secret_access_key) == (first.port, first.secret_access_key)
    assert again.pid != first.pid
    for name in ("model.tfvars.json", "objects/one", "functions/a/handler.py"):
        assert (state / name).read_text() == "kept"


def test_a_pin_of_a_cloud_that_kept_nothing_does_not_outlive_it(state):
    """Earlier versions kept nothing. The artifact that the pin names is in no cloud."""
    state.mkdir()
    (state / "cloud.lock").touch()
    (state / "model.tfvars.json").write_text("{}")
    control.up(state, port=0)
    assert not (state / "model.tfvars.json").exists()


def a_cloud_that_holds_something(state: Path) -> control.Cloud:
    """An ended cloud with a queue."""
    cloud = control.up(state, port=0)
    client(cloud, "sqs").create_queue(QueueName="mine")
    control.down(state)
    return cloud


@pytest.fixture(scope="module")
def held(tmp_path_factory) -> Path:
    """The folder of an ended cloud with a queue. Tests copy it."""
    folder = tmp_path_factory.mktemp("held") / "local"
    a_cloud_that_holds_something(folder)
    return folder


def test_a_cloud_that_holds_something_takes_no_other_port_unless_it_is_told_to(state):
    before = a_cloud_that_holds_something(state)
    with contextlib.closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the cloud's connections have just ended
        other.bind(("127.0.0.1", before.port))
        other.listen()
        with pytest.raises(LocalCloudError) as refused:
            control.up(state)
        assert f"cannot use port {before.port}, which it had before: Address already in use" in refused.value.message
        assert "end the process that uses the port" in refused.value.hint
        assert "invoke local.up --port PORT" in refused.value.hint
        assert facts.read(state).ended, "a start that fails is no crash"
        with contextlib.closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            wanted = free.getsockname()[1]
        assert control.up(state, port=wanted).port == wanted
    control.down(state)
    assert control.up(state).port == wanted, "from now on"


def newer(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE fact SET value = '99' WHERE name = 'format'")


def older(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM fact WHERE name = 'format'")


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)


def without_what_it_logs(path: Path) -> None:
    path.rename(path.with_name("cloud.sqlite-wal"))


def without_its_log(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (newer, "has format 99, which a newer version of this project wrote; this one reads 1"),
        (older, "has format None, which an older version of this project wrote; this one reads 1"),
        (damaged, "is damaged"),
        (lambda path: path.write_bytes(b""), "is empty: it has 0 bytes"),
        (lambda path: path.write_text("something else " * 1000), "is damaged: file is not a database"),
        (lambda path: path.unlink(), "is missing, though .*objects holds contents"),
        (without_what_it_logs, "is missing, though its log cloud.sqlite-wal is there"),
        (without_its_log, "holds nothing, though .*objects holds contents"),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_changed(held, state, spoil, told):
    shutil.copytree(held, state)
    (state / "objects").mkdir()
    (state / "objects" / "one").write_text("kept")
    spoil(state / facts.DATABASE)
    own = {path: path.read_bytes() for path in state.rglob("*") if path.is_file() and "cloud.l" not in path.name}
    with pytest.raises(LocalCloudError) as refused:
        control.up(state)
    assert re.search(told, refused.value.message)
    assert str(state / facts.DATABASE) in refused.value.message
    assert "\n" not in refused.value.message
    assert "invoke local.reset" in refused.value.hint
    assert ("go on with the version that wrote it" in refused.value.hint) == ("has format" in told)
    assert {path: path.read_bytes() for path in own} == own
    assert control.reset(state)
    assert {path.name for path in state.iterdir()} == {"cloud.lock", "turn.lock"}, "as below, where one starts again"


@pytest.mark.parametrize("below", ["local", "build/local"])
def test_a_file_where_the_folder_should_be_is_named(tmp_path, below):
    state = tmp_path / below
    (tmp_path / below.partition("/")[0]).write_text("a file")
    for ask in (control.up, control.is_alive):
        with pytest.raises(LocalCloudError) as refused:
            ask(state)
        assert f"is a file, or is below one: {state}" in refused.value.message
        assert "SCONES_BUILD" in refused.value.hint


def test_reset_throws_everything_away_whether_the_cloud_runs_or_not(state):
    first = control.up(state, port=0)
    (state / "model.tfvars.json").write_text("{}")
    for job in ("training", "transform"):
        (state / job / "job").mkdir(parents=True)
    (state / "thesis.txt").write_text("years of work")
    with pytest.raises(LocalCloudError, match=r"such as thesis\.txt"):
        control.reset(state)
    assert control.status(state) == first, "nothing was ended or deleted"
    (state / "thesis.txt").unlink()
    assert control.reset(state)
    assert is_gone(first.pid)
    assert {path.name for path in state.iterdir()} == {"cloud.lock", "turn.lock"}
    second = control.up(state, port=0)
    assert second.secret_access_key != first.secret_access_key
    control.down(state)
    assert control.reset(state)
    assert not control.reset(state.parent / "nowhere")


def test_a_running_clouds_own_files_are_all_known(cloud):
    """Otherwise reset refuses the folder. A service's new file or folder must be named in control.py."""
    assert {path.name for path in cloud.state.iterdir() if path.suffix != ".part"} <= control.OWN


def test_what_a_cloud_holds_is_said_of_what_takes_work_to_make_again(cloud, function, role):
    functions = cloud.client("lambda")
    before = facts.read(cloud.state).holds
    arn = function(FUNCTION)
    version = functions.publish_version(FunctionName=arn)["Version"]
    functions.create_alias(FunctionName=arn, Name="held", FunctionVersion=version)
    functions.publish_layer_version(LayerName="tests-held", Content={"ZipFile": package("")})
    topic = cloud.client("sns").create_topic(Name="tests-held")["TopicArn"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    cloud.client("scheduler").create_schedule(
        Name="tests-held",
        ScheduleExpression="rate(30 days)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": role},
    )
    after = facts.read(cloud.state).holds
    kinds = ("function", "alias", "layer version", "topic", "subscription", "schedule")
    assert {kind: after[kind] - before.get(kind, 0) for kind in kinds} == dict.fromkeys(kinds, 1)
    cloud.client("scheduler").delete_schedule(Name="tests-held")
    cloud.client("sns").delete_topic(TopicArn=topic)
    functions.delete_layer_version(LayerName="tests-held", VersionNumber=1)


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
