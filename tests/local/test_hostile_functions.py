"""A function that misbehaves hurts itself only: the cloud answers on, in bounded memory, and no process stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import eventually
from .test_control import is_gone

FORKS = """
import os, signal, subprocess, sys, time
def handler(event, context):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    made = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"]).pid for _ in range(3)]
    open(event["told"], "w").write(" ".join(map(str, [os.getpid(), *made])))
    if event["then"] == "exits":
        os._exit(1)
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


@pytest.mark.parametrize(("then", "error"), [("exits", "Runtime.ExitError"), ("sleeps", "Sandbox.Timedout")])
def test_what_a_function_has_started_ends_with_its_worker(cloud, function, tmp_path, then, error):
    told = tmp_path / "told"
    answer = invoke(cloud, function(FORKS, Timeout=2), {"told": str(told), "then": then})
    assert answer["errorType"] == error
    pids = [int(pid) for pid in told.read_text().split()]
    assert len(pids) == 4
    eventually(lambda: all(map(is_gone, pids)))


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
