"""A function that misbehaves hurts itself only: the cloud answers on, in bounded memory, and no process stays."""

from __future__ import annotations

import contextlib
import json
import uuid
from pathlib import Path

import pytest

from .conftest import eventually
from .test_control import is_gone

FORKS = """
import os, signal, subprocess, sys, time
def handler(event, context):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for own in (False, False, True):
        command = [sys.executable, "-c", f"import time; time.sleep(120); {event['mark']!r}"]
        subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=own)
    if event["then"] == "exits":
        os._exit(1)
    if event["then"] == "sleeps":
        time.sleep(60)
"""
HOSTILE = {
    "closes all descriptors": ("import os\ndef handler(e, c): os.closerange(3, 100)", "Runtime.ExitError"),
    "writes into the answers": (
        "import os\ndef handler(e, c):\n    for n in range(3, 200):\n        try: os.write(n, b'[1]\\n')\n"
        "        except OSError: pass",
        "Runtime.ExitError",
    ),
    "writes an answer without end": (
        "import os\ndef handler(e, c):\n    while True:\n        for n in range(3, 200):\n"
        "            try: os.write(n, b'x' * 1_000_000)\n            except OSError: pass",
        "Function.ResponseSizeTooLarge",
    ),
    "returns fifty megabytes": ("def handler(e, c): return 'x' * 50_000_000", "Function.ResponseSizeTooLarge"),
    "opens descriptors without end": (
        "import os\ndef handler(e, c):\n    found = []\n    while True: found.append(os.open('/dev/null', 0))",
        "OSError",
    ),
    "writes a file without end": (
        "import resource, tempfile\ndef handler(e, c):\n"
        "    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]\n"
        "    with tempfile.TemporaryFile(buffering=0) as file:\n"
        "        file.seek(limit)\n        file.write(b'x')",
        "OSError",
    ),
}


def memory_mb(pid: int) -> float:
    """The memory that a process has now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def invoke(cloud, arn, event):
    answer = cloud.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(event))
    return json.load(answer["Payload"])


def marked(mark: str) -> list[int]:
    """The processes of this machine that have the mark in their command."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # it has ended
            if process.name.isdecimal() and mark.encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return [pid for pid in found if not is_gone(pid)]


@pytest.mark.parametrize(("then", "error"), [("exits", "Runtime.ExitError"), ("sleeps", "Sandbox.Timedout")])
def test_what_a_function_has_started_ends_with_its_worker(cloud, function, then, error):
    mark = uuid.uuid4().hex
    answer = invoke(cloud, function(FORKS, Timeout=2), {"mark": mark, "then": then})
    assert answer["errorType"] == error
    eventually(lambda: not marked(mark))


def test_what_a_function_leaves_behind_ends_when_the_function_is_deleted(cloud, function):
    mark = uuid.uuid4().hex
    arn = function(FORKS)
    assert invoke(cloud, arn, {"mark": mark, "then": "answers"}) is None
    assert eventually(lambda: len(marked(mark)) == 3)
    cloud.client("lambda").update_function_configuration(FunctionName=arn, Environment={"Variables": {"NEW": "1"}})
    invoke(cloud, arn, {"mark": "another", "then": "exits"})
    eventually(lambda: not marked(mark))


def test_a_function_neither_sees_nor_ends_the_cloud(cloud, function):
    code = f"""
import os
def handler(event, context):
    if os.environ["LAMBDA_TASK_ROOT"] != "/var/task":
        return "plain"
    try:
        os.kill({cloud.running.pid}, 9)
    except OSError as error:
        return [os.path.exists({str(cloud.state)!r}), type(error).__name__]
"""
    arn = function(code)
    seen = invoke(cloud, arn, {})
    if seen == "plain":
        pytest.skip("this machine permits no namespaces")
    assert seen == [False, "ProcessLookupError"]
    assert cloud.client("lambda").get_function(FunctionName=arn)


def test_more_memory_than_the_function_has_ends_it(cloud, function):
    arn = function("def handler(e, c):\n    found = []\n    while True: found.append(bytearray(b'x' * 1_000_000))")
    answer = invoke(cloud, arn, {})
    assert answer["errorType"] == "Runtime.OutOfMemory"
    assert answer["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{arn.rpartition(':')[2]}")["events"]
    report = events[-1]["message"]
    assert "Max Memory Used: 128 MB\t" in report
    assert "Status: error\tError Type: Runtime.OutOfMemory" in report


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_function_fails_by_name_and_the_cloud_keeps_its_memory(cloud, function, name):
    code, error = HOSTILE[name]
    arn = function(code, Timeout=10)
    before = memory_mb(cloud.running.pid)
    assert invoke(cloud, arn, {})["errorType"] == error
    assert memory_mb(cloud.running.pid) - before < 300
    assert cloud.client("lambda").get_function(FunctionName=arn)


def test_of_an_output_without_end_the_last_megabyte_is_logged(cloud, function):
    arn = function("def handler(e, c):\n    for n in range(300): print('x' * 99_999)\n    print('the end')", Timeout=20)
    before = memory_mb(cloud.running.pid)
    assert invoke(cloud, arn, {}) is None
    group = f"/aws/lambda/{arn.rpartition(':')[2]}"
    logs = cloud.client("logs")
    found = eventually(lambda: logs.filter_log_events(logGroupName=group, filterPattern='"the end"')["events"])
    assert len(found) == 1
    assert logs.filter_log_events(logGroupName=group, filterPattern='"leaves out the first"')["events"]
    kept = logs.filter_log_events(logGroupName=group)["events"]
    assert sum(len(event["message"]) for event in kept) < 1_100_000
    assert memory_mb(cloud.running.pid) - before < 100
