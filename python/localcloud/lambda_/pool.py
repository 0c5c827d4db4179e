"""A pool of warm workers. Each concurrent call has its own worker.

A worker is reused until the function's code or configuration changes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from localcloud.lambda_.environment import ExecutionEnvironment, Settings

WORKERS = max(8, 4 * (os.cpu_count() or 1))
PATIENCE_SECONDS = 30.0
#: A function that has a worker takes over another function's worker only if that was idle for so long. Functions that
#: call each other in turn would else end each other's workers at every call.
UNUSED_SECONDS = 5.0


class Busy(Exception):
    """The concurrency limit is reached.

    Attributes:
        reason: TooManyRequestsException's Reason, such as ConcurrentInvocationLimitExceeded.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Pool:
    """The workers of all functions.

    Args:
        start: Makes a worker for a function's settings.
        workers: The most workers that live at once. A call waits if all of them are running.

    Example::

        >>> from localcloud.context import Children
        >>> pool = Pool(lambda settings: ExecutionEnvironment(settings, Children()))
        >>> settings = Settings("arn:aws:lambda:us-east-1:123456789012:function:f", "1", "app.handler", (), (), {})
        >>> with pool.worker(settings) as first:
        ...     pass
        >>> with pool.worker(settings) as second:
        ...     second is first
        True
    """

    def __init__(self, start: Callable[[Settings], ExecutionEnvironment], *, workers: int = WORKERS) -> None:
        self._start = start
        self._workers = workers
        self._idle: list[ExecutionEnvironment] = []
        self._since: dict[ExecutionEnvironment, float] = {}
        self._running: list[ExecutionEnvironment] = []
        self._wanted: dict[str, Settings] = {}
        self._change = threading.Condition()

    @contextmanager
    def worker(self, settings: Settings, *, reserved: int | None = None) -> Iterator[ExecutionEnvironment]:
        """Lend a worker for one call: an idle one with equal settings, or a new one.

        Args:
            reserved: The function's reserved concurrency. None if it has none.

        Raises:
            Busy: The function's reserved concurrency is used up, or no worker became free within 30 seconds.
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
                    self._since[environment] = time.monotonic()
                self._change.notify_all()
            if not keep:
                environment.stop()

    def drop(self, arn: str) -> None:
        """End the idle workers of a deleted function and of its versions. Running workers end after their call."""
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
        for environment in stale:
            environment.stop()
        replaced: ExecutionEnvironment | None = None
        with self._change:
            while True:
                if reserved is not None and self._count(settings.arn) >= reserved:
                    raise Busy("ReservedFunctionConcurrentInvocationLimitExceeded")
                found = next((one for one in reversed(self._idle) if one.settings == settings), None)
                if found is not None:
                    self._idle.remove(found)
                elif len(self._idle) + len(self._running) < self._workers:
                    found = self._start(settings)
                elif self._idle and self._may_replace(self._idle[0], settings):  # it is another function's
                    replaced = self._idle.pop(0)
                    found = self._start(settings)
                if found is not None:
                    self._running.append(found)
                    self._since.pop(found if replaced is None else replaced, None)
                    break
                if not self._change.wait(max(0.0, give_up - time.monotonic())):
                    raise Busy("ConcurrentInvocationLimitExceeded")
        if replaced is not None:
            replaced.stop()
        return found

    def _may_replace(self, idle: ExecutionEnvironment, settings: Settings) -> bool:
        unused = time.monotonic() - self._since[idle] > UNUSED_SECONDS
        return unused or not any(one.settings == settings for one in self._running)

    def _count(self, arn: str) -> int:
        return sum(one.settings.arn == arn for one in self._running)

    def _remove_idle(self, is_stale: Callable[[ExecutionEnvironment], bool]) -> list[ExecutionEnvironment]:
        stale = [one for one in self._idle if is_stale(one)]
        self._idle = [one for one in self._idle if not is_stale(one)]
        for one in stale:
            self._since.pop(one, None)
        return stale
