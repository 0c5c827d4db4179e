"""No process outlives the cloud or the child that started it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from localcloud.children import Children

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

#: It starts two processes, tells their ids, and then does as its argument says. Both ignore SIGTERM.
PARENT = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
made = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"], stdin=subprocess.DEVNULL)
        for _ in range(2)]
print(*[os.getpid(), *(one.pid for one in made)], flush=True)
if sys.argv[1] == "ends":
    os._exit(0)
if sys.argv[1] == "is deaf":
    os.close(0)
signal.pause()
"""
CLOUD = """
import subprocess, sys
from localcloud.children import Children
children = Children()
child = children.spawn([sys.executable, "-c", *sys.argv[1:]], env={}, stdout=subprocess.PIPE)
print(child.stdout.readline().decode(), end="", flush=True)
sys.stdin.read()
"""


def is_gone(pid: int) -> bool:
    """Whether a process has ended. It may be a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def all_gone(pids: list[int]) -> bool:
    give_up = time.monotonic() + 60
    while not (gone := all(map(is_gone, pids))) and time.monotonic() < give_up:
        time.sleep(0.02)
    return gone


def family(children: Children, how: str) -> tuple[subprocess.Popen[bytes], list[int]]:
    """A child that has started two processes, and the ids of the three."""
    child = children.spawn([sys.executable, "-c", PARENT, how], env={}, stdout=subprocess.PIPE)
    assert child.stdout is not None
    return child, [int(pid) for pid in child.stdout.readline().split()]


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Any:
    made: list[subprocess.Popen[bytes]] = []
    spawn = Children.spawn
    monkeypatch.setattr(Children, "spawn", lambda *given, **named: made.append(spawn(*given, **named)) or made[-1])
    found = Children()
    yield found
    found.stop_all()
    for child in made:
        child.communicate()


@pytest.mark.parametrize("how", ["stays", "ends", "is deaf"])
def test_what_a_child_has_started_ends_with_it(children: Children, how: str) -> None:
    child, pids = family(children, how)
    if how == "ends":
        child.wait(60)
    assert not any(map(is_gone, pids[1:]))
    children.stop(child, grace=0.1)
    assert all_gone(pids)


def test_what_a_child_left_behind_ends_when_the_next_one_starts(children: Children) -> None:
    child, pids = family(children, "ends")
    child.wait(60)
    family(children, "stays")
    assert all_gone(pids)


def test_all_ends_with_the_cloud(children: Children) -> None:
    pids = [pid for how in ("stays", "ends", "is deaf") for pid in family(children, how)[1]]
    children.stop_all()
    assert all_gone(pids)


@pytest.mark.parametrize("how", ["stays", "is deaf"])
def test_all_ends_with_a_cloud_that_is_killed(how: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CLOUD, PARENT, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as cloud:
        assert cloud.stdout is not None
        pids = [int(pid) for pid in cloud.stdout.readline().split()]
        assert len(pids) == 3
        assert not any(map(is_gone, pids))
        cloud.kill()
    assert all_gone(pids)


def test_a_guard_that_was_killed_is_replaced_and_knows_all(children: Children) -> None:
    _, before = family(children, "is deaf")
    children._guard.kill()
    children._guard.wait()
    _, after = family(children, "is deaf")
    children._guard.stdin.close()  # as at the cloud's end
    assert all_gone([*before, *after])
