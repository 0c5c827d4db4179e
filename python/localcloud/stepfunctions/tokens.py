"""Who waits for what: task tokens, and the tasks that wait for an activity's workers."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.stepfunctions.api.errors import TaskTimedOut, UnknownTask

#: Tokens of ended tasks that are remembered, so that their holders hear that the task has ended.
MOST_ENDED = 10_000


@dataclass(frozen=True)
class Place:
    """Where a task belongs: the execution's ARN, the frame in it, and the frame's attempt."""

    execution: str
    frame: int
    attempt: int


@dataclass(frozen=True)
class Offered:
    """A task that waits for a worker: its token, its input as JSON text, and where it belongs."""

    token: str
    input: str
    place: Place


class Tokens:
    """The task tokens that are out.

    Example::

        >>> tokens = Tokens()
        >>> tokens.give("t", Place("arn:e", 1, 1))
        >>> tokens.use("t").frame
        1
        >>> tokens.use("t")
        Traceback (most recent call last):
        ...
        localcloud.stepfunctions.api.errors.TaskTimedOut: Task Timed Out: 'Provided task does not exist anymore'
    """

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._of: dict[tuple[str, int], set[str]] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def give(self, token: str | None, place: Place) -> None:
        """A token is handed out. None: the task has none."""
        if token is None:
            return
        with self._lock:
            self._places[token] = place
            self._of.setdefault((place.execution, place.frame), set()).add(token)

    def find(self, token: str) -> Place:
        """Where a token's task belongs.

        Raises:
            UnknownTask: No task has ever had the token.
            TaskTimedOut: The task has ended.
        """
        with self._lock:
            return self._find(token)

    def use(self, token: str) -> Place:
        """Where a token's task belongs; the token is good no longer. It raises as :meth:`find` does."""
        with self._lock:
            place = self._find(token)
            self._forget(token)
            return place

    def end(self, execution: str, frame: int) -> None:
        """A frame waits for nothing any more."""
        with self._lock:
            for token in list(self._of.get((execution, frame), ())):
                self._forget(token)

    def _find(self, token: str) -> Place:
        if token in self._places:
            return self._places[token]
        raise TaskTimedOut if token in self._ended else UnknownTask

    def _forget(self, token: str) -> None:
        place = self._places.pop(token)
        tokens = self._of[place.execution, place.frame]
        tokens.discard(token)
        if not tokens:
            del self._of[place.execution, place.frame]
        self._ended[token] = None
        if len(self._ended) > MOST_ENDED:
            self._ended.popitem(last=False)


class Activities:
    """The tasks that wait for workers, by their activity."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Offered]] = {}
        self._changed = threading.Condition()

    def offer(self, activity_arn: str, token: str, text: str, place: Place) -> None:
        """A task waits for a worker."""
        with self._changed:
            self._queues.setdefault(activity_arn, deque()).append(Offered(token, text, place))
            self._changed.notify_all()

    def withdraw(self, execution: str, frame: int) -> None:
        """A frame's task waits no longer."""
        with self._changed:
            for queue in self._queues.values():
                for offered in [one for one in queue if (one.place.execution, one.place.frame) == (execution, frame)]:
                    queue.remove(offered)

    def take(self, activity_arn: str, seconds: float, alive: Callable[[], bool]) -> Offered | None:
        """The next task of an activity. None: there was none for so many seconds.

        Args:
            alive: Whether the activity still exists.
        """
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                queue = self._queues.get(activity_arn)
                if queue:
                    return queue.popleft()
                left = end - time.monotonic()
                if left <= 0 or not alive():
                    return None
                self._changed.wait(min(left, 1.0))
