"""A pool of warm workers. Each concurrent call has its own worker, and each function keeps its own workers.

A worker is reused until the function's code or configuration changes, or until nobody has used it for ten minutes.

To start a worker takes longer than most calls. So a call first waits a moment for a running worker of its function; if
none becomes free, it gets a new one. No more workers start at once than there are processors, because in a burst they
would only keep each other, and the calls that run, from their work.

The number of workers is limited for the machine as a whole. At the limit, the worker that was idle for longest ends for
a new one, but not one that another function has used just now.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from localcloud.lambda_.environment import ExecutionEnvironment, Settings

WORKER_BYTES = 64 * 1024 * 1024  # a worker with boto3 takes about so much memory
FEWEST, MOST = 16, 128
PATIENCE_SECONDS = 30.0
#: So long a call waits for a running worker of its function before it starts another one.
MOMENT_SECONDS = 0.1
#: The most workers that start at once.
STARTS = max(2, os.cpu_count() or 1)
#: A function that has a worker takes over another function's worker only if that was idle for so long. Functions that
#: call each other in turn would else end each other's workers at every call.
UNUSED_SECONDS = 5.0
IDLE_SECONDS = 600.0


class Busy(Exception):
    """The concurrency limit is reached.

    Attributes:
        reason: TooManyRequestsException's Reason, such as ConcurrentInvocationLimitExceeded.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class _Waiting:
    """A call that waits for a worker."""

    settings: Settings
    told: threading.Event = field(default_factory=threading.Event)
    given: ExecutionEnvironment | None = None


def most_workers() -> int:
    """How many workers this machine has memory for: they take a quarter of it.

    Example::

        >>> FEWEST <= most_workers() <= MOST
        True
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(FEWEST, min(MOST, memory // 4 // WORKER_BYTES))


class Pool:
    """The workers of all functions.

    Args:
        start: Makes a worker for a function's settings.
        workers: The most workers that live at once. A call waits if all of them are running.
        moment: See :data:`MOMENT_SECONDS`.
        idle: The seconds after which a worker ends that nobody uses.

    Example::

        >>> from localcloud.children import Children
        >>> pool = Pool(lambda settings: ExecutionEnvironment(settings, Children()))
        >>> settings = Settings("arn:aws:lambda:us-east-1:123456789012:function:f", "1", "app.handler", (), (), {})
        >>> with pool.worker(settings) as first:
        ...     pass
        >>> with pool.worker(settings) as second:
        ...     second is first
        True
    """

    def __init__(
        self,
        start: Callable[[Settings], ExecutionEnvironment],
        *,
        workers: int | None = None,
        moment: float = MOMENT_SECONDS,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._start, self._moment, self._idle_seconds = start, moment, idle
        self._workers = workers or most_workers()
        #: The idle workers and since when, the one that was idle for longest first.
        self._idle: OrderedDict[ExecutionEnvironment, float] = OrderedDict()
        self._running: Counter[str] = Counter()
        self._busy: set[ExecutionEnvironment] = set()
        self._wanted: dict[str, Settings] = {}
        self._waiting: list[_Waiting] = []
        self._ending = False
        self._lock = threading.Lock()

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
            self._give_back(environment)

    def drop(self, arn: str) -> None:
        """End the idle workers of a deleted function and of its versions. Running workers end after their call."""
        with self._lock:
            for known in [known for known in self._wanted if known == arn or known.startswith(f"{arn}:")]:
                del self._wanted[known]
            stale = self._remove_idle(lambda one: one.settings.arn not in self._wanted)
        _end(stale)

    def _take(self, settings: Settings, reserved: int | None) -> ExecutionEnvironment:
        begun, arn = time.monotonic(), settings.arn
        waiting: _Waiting | None = None
        stale: list[ExecutionEnvironment] = []
        try:
            with self._lock:
                if self._wanted.get(arn) is not settings:
                    self._wanted[arn] = settings
                    stale = self._remove_idle(lambda one: one.settings.arn == arn and one.settings != settings)
            while True:
                with self._lock:
                    if waiting is not None:
                        self._waiting.remove(waiting)
                        if waiting.given is not None:
                            return waiting.given  # _give_back has counted it
                    if reserved is not None and self._running[arn] >= reserved:
                        raise Busy("ReservedFunctionConcurrentInvocationLimitExceeded")
                    waited = time.monotonic() - begun
                    found = self._found(settings, patient=waited < self._moment, replaced=stale)
                    if found is not None:
                        self._running[arn] += 1
                        self._busy.add(found)
                        return found
                    if waited >= PATIENCE_SECONDS:
                        raise Busy("ConcurrentInvocationLimitExceeded")
                    waiting = _Waiting(settings)
                    self._waiting.append(waiting)
                waiting.told.wait(max(0.001, self._moment - waited) if waited < self._moment else MOMENT_SECONDS)
        finally:
            _end(stale)

    def _found(
        self, settings: Settings, *, patient: bool, replaced: list[ExecutionEnvironment]
    ) -> ExecutionEnvironment | None:
        """An idle worker or a new one; None if the call must wait.

        Args:
            patient: Whether the call waits for a running worker of its function.
            replaced: Gets the worker of another function whose place the new one takes.
        """
        idle = next((one for one in reversed(self._idle) if _fits(one.settings, settings)), None)
        if idle is not None:
            del self._idle[idle]
            return idle
        running = self._running[settings.arn] > 0
        if (running and patient) or sum(one.starting for one in self._busy) >= STARTS:
            return None
        if len(self._idle) + self._running.total() >= self._workers:
            victim = self._victim(only_unused=running)
            if victim is None:
                return None
            del self._idle[victim]
            replaced.append(victim)
        return self._start(settings)

    def _victim(self, *, only_unused: bool) -> ExecutionEnvironment | None:
        """The idle worker whose place a new one may take.

        Args:
            only_unused: Whether it must have been idle for a while. Otherwise it is, if there is such a one, a worker
                of a function that keeps another.
        """
        oldest = next(iter(self._idle), None)
        if oldest is None or time.monotonic() - self._idle[oldest] > UNUSED_SECONDS:
            return oldest
        if only_unused:
            return None
        kept = Counter(one.settings.arn for one in self._idle) + self._running
        return next((one for one in self._idle if kept[one.settings.arn] > 1), oldest)

    def _give_back(self, environment: ExecutionEnvironment) -> None:
        settings = environment.settings
        with self._lock:
            self._running[settings.arn] -= 1
            self._busy.discard(environment)
            keep = not environment.stopped and self._wanted.get(settings.arn) == settings
            waiting = [one for one in self._waiting if one.given is None and not one.told.is_set()]
            next_call = next((one for one in waiting if keep and one.settings == settings), None)
            if next_call is not None:
                next_call.given = environment
                self._running[settings.arn] += 1
                self._busy.add(environment)
            elif keep:
                self._idle[environment] = time.monotonic()
                self._begin_ending()
            if next_call is not None or waiting:
                (next_call or waiting[0]).told.set()
        if not keep:
            environment.stop()

    def _begin_ending(self) -> None:
        if not self._ending:
            self._ending = True
            threading.Thread(target=self._end_unused, daemon=True).start()

    def _end_unused(self) -> None:
        """End the workers that nobody uses. It sleeps until the next one is due, and leaves when all are gone."""
        while True:
            with self._lock:
                due = time.monotonic() - self._idle_seconds
                unused = []
                while self._idle and next(iter(self._idle.values())) <= due:
                    unused.append(self._idle.popitem(last=False)[0])
                self._ending = bool(self._idle)
                pause = next(iter(self._idle.values())) - due if self._idle else 0.0
            _end(unused)
            if not pause:
                return
            time.sleep(pause)

    def _remove_idle(self, is_stale: Callable[[ExecutionEnvironment], bool]) -> list[ExecutionEnvironment]:
        stale = [one for one in self._idle if is_stale(one)]
        for one in stale:
            del self._idle[one]
        return stale


def _fits(one: Settings, wanted: Settings) -> bool:
    """Whether settings are equal. Those of other functions, which are most, are told by their ARN."""
    return one is wanted or (one.arn == wanted.arn and one == wanted)


def _end(workers: list[ExecutionEnvironment]) -> None:
    for one in workers:
        one.stop()
