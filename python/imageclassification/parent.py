"""How a child process leaves with the process that started it.

The local cloud keeps a pipe to each child's standard input open. However the cloud ends, by a crash too, the pipe
closes, and the child sees its end::

    leave_with_standard_input()
"""

from __future__ import annotations

import os
import sys
import threading
import time


def leave_with_standard_input() -> None:
    """End this process, at once, when its standard input ends; watched from a daemon thread."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            time.sleep(0.1)  # nobody is meant to write; whoever does must not keep a core busy with it
        os._exit(1)

    threading.Thread(target=watch, name="standard-input", daemon=True).start()
