"""Warm workers: one a concurrent call, reused while a function's code and configuration stay as they are."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from localcloud.lambda_.environment import ExecutionEnvironment, Settings

WORKERS = max(8, 4 * (os.cpu_count() or 1))
PATIENCE_SECONDS = 30.0


class Busy(Exception):
    """All that may run is running."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Pool:
    """The workers of every function.

    Args:
        start: Makes a worker.
        workers: How many may be alive; a call that finds them all running waits for one.
    """

    def __init__(self, start: Callable[[Settings], ExecutionEnvironment], *, workers: int = WORKERS) -> None:
        self._start = start
        self._workers = workers
        self._idle: list[ExecutionEnvironment] = []
        self._running: list[ExecutionEnvironment] = []
        self._wanted: dict[str, Settings] = {}
        self._change = threading.Condition()

    @contextmanager
    def worker(self, settings: Settings, *, reserved: int | None = None) -> Iterator[ExecutionEnvironment]:
        """A worker for one call: an idle one with these settings, else a new one. Gone ones do not come back.

        Args:
            reserved: The function's reserved concurrency, if it has any.

        Raises:
            Busy: the function's reserved concurrency is used up, or no worker came free in time.
        """
        environment = self._take(settings, reserved)
        try:
            yield environment
        except BaseException:
            environment.stop()
            raise
        finally:
            with self._change:
                self._running.remove(environment)
                keep = not environment.stopped and self._wanted.get(settings.arn) == settings
                if keep:
                    self._idle.append(environment)
                self._change.notify_all()
            if not keep:
                environment.stop()

    def drop(self, arn: str) -> None:
        """End the idle workers of a function that is gone, its versions' too; running ones end after their call."""
        with self._change:
            for known in [known for known in self._wanted if known == arn or known.startswith(f"{arn}:")]:
                del self._wanted[known]
            stale = self._remove_idle(lambda one: one.settings.arn not in self._wanted)
        for environment in stale:
            environment.stop()

    def _take(self, settings: Settings, reserved: int | None) -> ExecutionEnvironment:
        give_up = time.monotonic() + PATIENCE_SECONDS
        with self._change:
            self._wanted[settings.arn] = settings
            stale = self._remove_idle(lambda one: self._wanted.get(one.settings.arn) != one.settings)
            while True:
                if reserved is not None and self._count(settings.arn) >= reserved:
                    raise Busy("ReservedFunctionConcurrentInvocationLimitExceeded")
                found = next((one for one in reversed(self._idle) if one.settings == settings), None)
                if found is not None:
                    self._idle.remove(found)
                elif len(self._idle) + len(self._running) < self._workers:
                    found = self._start(settings)
                elif self._idle:  # another function's: it makes room
                    stale.append(self._idle.pop(0))
                    found = self._start(settings)
                if found is not None:
                    self._running.append(found)
                    break
                if not self._change.wait(max(0.0, give_up - time.monotonic())):
                    raise Busy("ConcurrentInvocationLimitExceeded")
        for environment in stale:
            environment.stop()
        return found

    def _count(self, arn: str) -> int:
        return sum(one.settings.arn == arn for one in self._running)

    def _remove_idle(self, is_stale: Callable[[ExecutionEnvironment], bool]) -> list[ExecutionEnvironment]:
        stale = [one for one in self._idle if is_stale(one)]
        self._idle = [one for one in self._idle if not is_stale(one)]
        return stale
