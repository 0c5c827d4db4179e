"""The guard process: when the cloud is gone, it kills the process groups of the cloud's children.

:class:`localcloud.context.Children` starts it. Standard input carries one line for each change: ``+123`` for a new
process group and ``-123`` for one that has ended. Only the cloud holds the other end of the pipe. The operating system
closes it even when the cloud is killed.

A child cannot do this itself: it may have closed its own standard input, may be stopped, or may have ended before the
processes that it started. Linux's PR_SET_PDEATHSIG is of no use, because it reports the end of the thread that started
the child, and a request's thread ends long before (prctl(2)).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys


def main() -> None:
    """Follow the groups until the cloud is gone, and then kill those that are left."""
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        (groups.add if line.startswith(b"+") else groups.discard)(int(line[1:]))
    for group in groups:
        with contextlib.suppress(OSError):  # it has ended
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
