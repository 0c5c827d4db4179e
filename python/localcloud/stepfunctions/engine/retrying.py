"""Which entry of Retry or Catch an error matches, and how long a retry waits.

Source: Step Functions Developer Guide, "Handling errors in Step Functions workflows".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from localcloud.stepfunctions.engine.frames import Frame
from localcloud.stepfunctions.language.program import Catcher, State
from localcloud.stepfunctions.language.scope import StateFailure


def matches(failure: StateFailure, names: Iterable[str]) -> bool:
    """Whether an error is one of those that ErrorEquals names.

    The guide says that States.ALL does not catch States.DataLimitExceeded. In the histories that AWS has recorded, it
    does.

    Example::

        >>> timeout = StateFailure("States.Timeout", also="States.HeartbeatTimeout")
        >>> [matches(timeout, [f"States.{name}"]) for name in ("Timeout", "HeartbeatTimeout", "ALL", "TaskFailed")]
        [True, True, True, False]
        >>> matches(StateFailure("MyError"), ["States.TaskFailed"])
        True
    """
    for name in names:
        if name in ("States.ALL", failure.error) or (failure.also is not None and name == failure.also):
            return True
        if name == "States.TaskFailed" and failure.error != "States.Timeout":
            return True
    return False


def retry(state: State, frame: Frame, failure: StateFailure, draw: Callable[[], float]) -> float | None:
    """The seconds until the state is tried again. None: it is not.

    Each entry of Retry counts for itself.

    Args:
        draw: Gives a random number from 0 to 1, for full jitter.
    """
    for number, retrier in enumerate(state.retriers):
        if not matches(failure, retrier.errors):
            continue
        done = frame.retries.get(str(number), 0)
        if done >= retrier.attempts:
            return None
        frame.retries[str(number)] = done + 1
        try:
            delay = retrier.interval * retrier.backoff**done
        except OverflowError:
            delay = float("inf")
        delay = min(delay, retrier.most_seconds if retrier.most_seconds is not None else 99_999_999)
        return delay * draw() if retrier.full_jitter else delay
    return None


def catcher_for(state: State, failure: StateFailure) -> Catcher | None:
    """The first entry of Catch that matches an error."""
    return next((catcher for catcher in state.catchers if matches(failure, catcher.errors)), None)
