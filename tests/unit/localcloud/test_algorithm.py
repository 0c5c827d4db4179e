"""The algorithm's processes are forked from one that has PyTorch in memory, and are like any other child."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.algorithm import Algorithm
from localcloud.children import ChildProcess, Children
from tests.unit.localcloud.test_children import all_gone, is_gone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there are processes forked")

MODULE = "scones_tests_worker"
WORKER = """
import json, os, signal, sys, threading, time

def main(arguments):
    print(json.dumps({
        "arguments": arguments, "cwd": os.getcwd(), "env": dict(os.environ), "torch": "torch" in sys.modules,
        "threads": threading.active_count(), "leads": os.getpgrp() == os.getpid(),
        "open": sorted(os.readlink(f"/proc/self/fd/{one}").partition(":")[0] for one in os.listdir("/proc/self/fd")
                       if os.path.exists(f"/proc/self/fd/{one}")),
    }))
    print("said", file=sys.stderr)
    how = arguments[0]
    if how == "raises":
        raise RuntimeError("broken")
    if how == "leaves":
        sys.exit(7)
    if how == "says why":
        sys.exit("no images")
    if how == "says nothing":
        return None
    if how == "reads":
        sys.stdin.read()
    if how == "sleeps":
        time.sleep(60)
    return 2

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a module that can be started."""
    folder = tmp_path_factory.mktemp("worker")
    (folder / f"{MODULE}.py").write_text(WORKER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{folder}:{os.environ.get('PYTHONPATH', '')}")
        patch.setenv("AWS_PROFILE", "me")
        yield folder


@pytest.fixture(scope="module", params=[True, False], ids=["forked", "started"])
def algorithm(request: pytest.FixtureRequest, module: Path) -> Iterator[Algorithm]:
    children = Children()
    found = Algorithm(children, forks=request.param)
    yield found
    children.stop_all()
    found.close()


@pytest.fixture(scope="module")
def forking(module: Path) -> Iterator[tuple[Algorithm, Children]]:
    children = Children()
    found = Algorithm(children, forks=True)
    yield found, children
    children.stop_all()
    found.close()


def start(algorithm: Algorithm, folder: Path, *arguments: str, **given: Any) -> ChildProcess:
    env = {name: os.environ[name] for name in ("PATH", "PYTHONPATH")} | {"PYTHONUNBUFFERED": "1", "COLOUR": "green"}
    return algorithm.start(MODULE, arguments, env=env, cwd=folder, **given)


def forks_for(children: Children) -> ChildProcess:
    """The process that forks."""
    (found,) = (one for one in children.running() if isinstance(one, subprocess.Popen) and one.poll() is None)
    return found


def told(child: ChildProcess) -> dict[str, Any]:
    assert child.stdout is not None
    return json.loads(child.stdout.readline())


def closed(child: ChildProcess) -> None:
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            stream.close()


@pytest.mark.parametrize(
    ("how", "code", "last"),
    [
        ("ends", 2, "said"),
        ("raises", 1, "broken"),
        ("leaves", 7, "said"),
        ("says why", 1, "no images"),
        ("says nothing", 0, "said"),
    ],
)
def test_a_process_has_its_own_arguments_variables_folder_streams_and_exit_code(
    algorithm: Algorithm, tmp_path: Path, how: str, code: int, last: str
) -> None:
    child = start(algorithm, tmp_path, how, "b c")
    found = told(child)
    assert (found["arguments"], found["cwd"], found["leads"]) == ([how, "b c"], str(tmp_path), True)
    assert found["env"]["COLOUR"] == "green"
    assert "AWS_PROFILE" not in found["env"]
    assert child.wait(60) == code
    assert child.poll() == code
    assert child.stderr is not None
    assert child.stderr.read().decode().strip().endswith(last)
    closed(child)


def test_standard_error_can_go_where_standard_output_goes(algorithm: Algorithm, tmp_path: Path) -> None:
    child = start(algorithm, tmp_path, "ends", together=True)
    told(child)
    assert child.stdout is not None
    assert (child.stdout.read(), child.stderr) == (b"said\n", None)
    child.wait(60)
    closed(child)


def test_a_signal_is_a_negative_exit_code_and_the_end_of_standard_input_is_seen(
    algorithm: Algorithm, tmp_path: Path
) -> None:
    killed, ended = start(algorithm, tmp_path, "sleeps"), start(algorithm, tmp_path, "reads")
    told(killed), told(ended)
    with pytest.raises(subprocess.TimeoutExpired):
        killed.wait(0.05)
    assert killed.poll() is None
    killed.kill()
    assert killed.wait(60) == -signal.SIGKILL
    assert ended.poll() is None
    assert ended.stdin is not None
    ended.stdin.close()
    assert ended.wait(60) == 2
    killed.terminate()  # it has ended: this does nothing
    closed(killed), closed(ended)


def test_a_forked_process_has_pytorch_one_thread_and_nothing_else_open(
    forking: tuple[Algorithm, Children], tmp_path: Path
) -> None:
    first = start(forking[0], tmp_path, "sleeps")
    told(first)
    began = time.monotonic()
    child = start(forking[0], tmp_path, "ends")
    found = told(child)
    assert (found["torch"], found["threads"]) == (True, 1)
    assert found["open"] == ["pipe"] * 3, "the streams of another process would stay open after its end"
    assert time.monotonic() - began < 30
    closed(first), closed(child)


def test_if_the_process_that_forks_is_killed_what_it_forked_ends_and_another_one_takes_its_place(
    forking: tuple[Algorithm, Children], tmp_path: Path
) -> None:
    algorithm, children = forking
    orphan = start(algorithm, tmp_path, "sleeps")
    told(orphan)
    forks_for(children).kill()
    assert orphan.wait(60) == -signal.SIGKILL
    assert all_gone([orphan.pid])
    child = start(algorithm, tmp_path, "ends")
    assert (told(child)["torch"], child.wait(60)) == (True, 2)
    closed(orphan), closed(child)


def test_a_signal_right_after_the_start_ends_the_process(forking: tuple[Algorithm, Children], tmp_path: Path) -> None:
    for _ in range(5):
        child = start(forking[0], tmp_path, "sleeps")
        child.terminate()
        assert child.wait(60) == -signal.SIGTERM
        closed(child)


def test_what_is_started_while_the_process_that_forks_leaves_does_not_wait_for_it(
    forking: tuple[Algorithm, Children], tmp_path: Path
) -> None:
    algorithm, children = forking
    first = start(algorithm, tmp_path, "reads")
    told(first)
    forks_for(children).terminate()
    second = start(algorithm, tmp_path, "ends")
    assert second.wait(60) == 2
    assert first.poll() is None
    assert first.stdin is not None
    first.stdin.close()
    assert first.wait(60) == 2, "its exit code is still told"
    closed(first), closed(second)


def test_a_process_can_be_started_while_the_cloud_ends(module: Path, tmp_path: Path) -> None:
    """It is started without the one that forks, which has ended. It ends with the others."""
    children = Children()
    algorithm = Algorithm(children, forks=True)
    children.ending = True
    child = start(algorithm, tmp_path, "ends")
    assert (told(child)["torch"], child.wait(60)) == (False, 2)
    closed(child)


def test_all_end_with_the_cloud(module: Path, tmp_path: Path) -> None:
    """Also when it is killed: whoever reads standard input ends, and the guard kills the others."""
    cloud = subprocess.Popen(
        [sys.executable, "-c", CLOUD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert cloud.stdout is not None
    pids = [int(one) for one in cloud.stdout.readline().split()]
    assert len(pids) == 2
    assert not any(map(is_gone, pids))
    cloud.kill()
    cloud.communicate()
    assert all_gone(pids)


CLOUD = f"""
import os, sys
from pathlib import Path
from localcloud.algorithm import Algorithm
from localcloud.children import Children
children = Children()
child = Algorithm(children, forks=True).start("{MODULE}", ["sleeps"], env=dict(os.environ), cwd=Path(sys.argv[1]))
child.stdout.readline()
print(*(one.pid for one in children.running()), flush=True)
sys.stdin.read()
"""


def test_an_error_before_the_algorithm_begins_is_told_on_standard_error(
    forking: tuple[Algorithm, Children], tmp_path: Path
) -> None:
    child = forking[0].start("no_such_module", [], env={}, cwd=tmp_path)
    assert child.wait(60) == 1
    assert child.stderr is not None
    assert b"No module named 'no_such_module'" in child.stderr.read()
    closed(child)
