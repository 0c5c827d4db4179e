"""Reports the CPU use of the endpoints' containers every minute, as SageMaker does for their instances.

SageMaker reports in the role of the variant's model. Without the permission, nothing is reported.

Example::

    >>> [seconds(text) for text in ("00:01:30", "2-03:00:00", "0:00.50")]
    [90.0, 183600.0, 0.5]
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Iterator

from moto.sagemaker.models import sagemaker_backends

from localcloud.context import MetricStore
from localcloud.durability.upkeep import every
from localcloud.sagemaker.hosting.endpoint import Endpoint

EVERY_SECONDS = 60.0


class UsageReporter:
    """Reports for all endpoints of a cloud.

    Args:
        metrics: Where to report.
    """

    def __init__(self, metrics: MetricStore) -> None:
        self._metrics = metrics
        self._before: dict[int, tuple[float, float]] = {}  # by process: when it was seen, and its seconds of CPU

    def begin(self) -> None:
        """Report until the process ends."""
        every(EVERY_SECONDS, self.report)

    def report(self) -> None:
        """Report every container that runs now."""
        running = list(_running())
        used = cpu_seconds([pid for _, _, pid in running])
        now, seen = time.monotonic(), {}
        for endpoint, variant, pid in running:
            if pid not in used:
                continue
            seen[pid] = (now, used[pid])
            began, spent = self._before.get(pid, (now - EVERY_SECONDS, 0.0))
            percent = 100 * max(0.0, used[pid] - spent) / max(now - began, 1.0)
            endpoint.report_use(self._metrics, variant, percent)
        self._before = seen


def _running() -> Iterator[tuple[Endpoint, str, int]]:
    for _, _, backend in sagemaker_backends.iter_backends():
        for endpoint in list(backend.endpoints.values()):
            if isinstance(endpoint, Endpoint):
                yield from ((endpoint, variant, pid) for variant, pid in endpoint.containers())


def cpu_seconds(pids: Iterable[int]) -> dict[int, float]:
    """The seconds of CPU that processes have used, by process. Processes that have ended are left out."""
    listed = ",".join(map(str, pids))
    if not listed:
        return {}
    said = subprocess.run(["ps", "-o", "pid=,time=", "-p", listed], capture_output=True, text=True, check=False)
    rows = [line.split() for line in said.stdout.splitlines()]
    return {int(row[0]): seconds(row[1]) for row in rows if len(row) == 2}


def seconds(text: str) -> float:
    """A time of ``ps``, ``[[days-]hours:]minutes:seconds``, in seconds."""
    days, _, rest = text.rpartition("-")
    total = 0.0
    for part in rest.split(":"):
        total = 60 * total + float(part)
    return total + 86400 * int(days or 0)
