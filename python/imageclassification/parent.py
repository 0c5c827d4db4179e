"""Ends a child process when its parent ends.

The local cloud holds a pipe to the standard input of each child. When the cloud ends, even by a crash, the pipe closes.
The child sees the end of its standard input and exits.
"""

from __future__ import annotations

import os
import sys
import threading
import time


def leave_with_standard_input() -> None:
    """Starts a daemon thread that exits this process with code 1 when its standard input ends.

    Example (not run: it would end this process)::

        leave_with_standard_input()
    """

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            time.sleep(0.1)  # limits the load if something writes to standard input all the time
        os._exit(1)

    threading.Thread(target=watch, name="standard-input", daemon=True).start()
