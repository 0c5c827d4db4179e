"""What the local cloud's services are given: where state is kept, how the cloud is reached, and its child processes."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from localcloud.cloudwatch.series import Datum
    from localcloud.iam.registry import Registry
    from localcloud.iam.roles import Roles


class MetricStore(Protocol):
    """Where services report what they measure, and find it again: CloudWatch (:mod:`localcloud.cloudwatch.store`)."""

    def now(self) -> float:
        """The time of metrics and alarms, in seconds since 1970."""

    def put(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str = "None",
        *,
        account: str,
        region: str,
    ) -> None:
        """Put one value, now."""

    def between(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        begin: float,
        end: float,
        *,
        unit: str | None = None,
        account: str,
        region: str,
    ) -> Sequence[Datum]:
        """A metric's data in a span of seconds since 1970, each with its ``moment`` and ``total``."""

    def alarm_state(self, name: str, *, account: str, region: str) -> str | None:
        """An alarm's state; None where there is no such alarm."""


@dataclass
class Children:
    """The processes the cloud has started, which never outlive it.

    A child's standard input is a pipe whose other end only the cloud holds: a child reads it to its end in a thread (or
    as its request stream) and leaves when it closes, which the operating system does even when the cloud is killed.
    """

    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spawn(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None, **streams: Any
    ) -> subprocess.Popen[bytes]:
        """Start a child. ``streams`` are Popen's ``stdout`` and ``stderr``."""
        child = subprocess.Popen(command, env=dict(env), cwd=cwd, stdin=subprocess.PIPE, **streams)
        with self._lock:
            self._running = {other for other in self._running if other.poll() is None} | {child}
        return child

    def stop(self, child: subprocess.Popen[bytes], *, grace: float = 2.0) -> None:
        """End a child: terminated, and killed if it is still there after ``grace`` seconds."""
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(grace)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def stop_all(self) -> None:
        """End every child."""
        with self._lock:
            running, self._running = self._running, set()
        for child in running:
            if child.poll() is None:
                child.terminate()
        give_up = time.monotonic() + 2.0
        for child in running:
            self.stop(child, grace=max(0.0, give_up - time.monotonic()))


@dataclass(frozen=True)
class Context:
    """One running local cloud.

    Attributes:
        state: The cloud's folder, ``build/local``: logs, unpacked functions, jobs' working folders.
        endpoint: ``http://127.0.0.1:PORT``.
        children: The processes it has started.
        roles: What its services ask before they act in a role's name.
        root_secret: The secret of the account's root user's key.
        metrics: What its services report to CloudWatch.
    """

    state: Path
    endpoint: str
    children: Children
    roles: Roles
    root_secret: str = field(repr=False)
    metrics: MetricStore

    @property
    def registry(self) -> Registry:
        """What the services tell the judge."""
        return self.roles.registry
