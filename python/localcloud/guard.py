"""The guard process: when the cloud is gone, it kills the process groups of the cloud's children.

:class:`localcloud.children.Children` starts it. Standard input carries one line for each change: ``+123`` for a new
process group and ``-123`` for one that has ended. Only the cloud holds the other end of the pipe. The operating system
closes it even when the cloud is killed.

A process can leave its group. Where it may, the line is ``+123 NAME=value``, a variable that no other processes have.
On Linux, those with this variable are killed too.

A child cannot do this itself: it may have closed its own standard input, may be stopped, or may have ended before the
processes that it started. Linux's PR_SET_PDEATHSIG is of no use, because it reports the end of the thread that started
the child, and a request's thread ends long before (prctl(2)).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Collection

ROUNDS = 50  # what is killed may have started another process just before


def main() -> None:
    """Follow the groups until the cloud is gone, and then kill those that are left."""
    groups: dict[int, bytes] = {}
    for line in sys.stdin.buffer:
        number, _, mark = line[1:].strip().partition(b" ")
        if line.startswith(b"+"):
            groups[int(number)] = mark
        else:
            groups.pop(int(number), None)
    for group in groups:
        with contextlib.suppress(OSError):  # it has ended
            os.killpg(group, signal.SIGKILL)
    sweep({mark for mark in groups.values() if mark})


def sweep(marks: Collection[bytes]) -> None:
    """Kill all processes that have one of the variables, ``NAME=value``, in their environment."""
    for _ in range(ROUNDS if marks else 0):
        found = [pid for pid in _processes() if _has_one(pid, marks)]
        for pid in found:
            with contextlib.suppress(OSError):  # it has ended
                os.kill(pid, signal.SIGKILL)
        if not found:
            return


def _processes() -> list[int]:
    """All processes; none where there is no /proc."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 - starts sooner
    except OSError:
        return []


def _has_one(pid: int, marks: Collection[bytes]) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
            variables = file.read().split(b"\0")
    except OSError:  # it has ended, or is another user's
        return False
    return any(mark in variables for mark in marks)


if __name__ == "__main__":
    main()
