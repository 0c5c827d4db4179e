"""The time of metrics and alarms. A file may set it ahead, so that a test need not wait for an alarm's periods."""

from __future__ import annotations

import time
from pathlib import Path

#: So often is looked at the file at most.
LOOK_SECONDS = 0.05


class Clock:
    """The machine's time, plus the number of seconds in a file.

    Args:
        path: The file. It need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._look_due = 0.0
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds since 1970. This is called for each value of a metric, so the file is read now and then only."""
        moment = time.time()
        if not 0 <= self._look_due - moment <= LOOK_SECONDS:
            self._look_due, self._ahead = moment + LOOK_SECONDS, self._read()
        return moment + self._ahead

    def _read(self) -> float:
        try:
            return float(self._path.read_text())
        except FileNotFoundError:
            return 0.0
        except (OSError, ValueError):  # it is just being written
            return self._ahead
