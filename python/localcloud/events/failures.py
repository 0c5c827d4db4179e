"""Why an event did not reach its target, and whether it is tried again.

AWS: EventBridge User Guide, "How EventBridge retries delivering events" and "Using dead-letter queues": an error that
may pass is tried again; a missing permission and a target that does not exist are not. The codes are those of a dead
letter's ERROR_CODE.

Example::

    >>> explained(ValueError("odd")).code, explained(ValueError("odd")).passing
    ('INTERNAL_ERROR', True)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.iam.roles import AccessDenied, CannotAssume

#: RetryPolicy's defaults (EventBridge API Reference, RetryPolicy).
MOST_ATTEMPTS = 185
MOST_SECONDS = 86_400
#: The pause before the first new attempt, and the longest one, in seconds. AWS's are longer.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
_GONE = ("NotFound", "DoesNotExist", "NonExistent", "UnknownFunction")
_BUSY = ("Throttl", "TooManyRequests", "LimitExceeded", "ServiceUnavailable", "Internal", "RequestTimeout")


@dataclass(frozen=True)
class Undelivered:
    """One failed attempt.

    Attributes:
        code: AWS's code: NO_PERMISSIONS, NO_RESOURCE, SDK_CLIENT_ERROR, THROTTLING or INTERNAL_ERROR.
        message: The target's words.
        passing: Whether the same delivery may succeed later.
        own: The code of the target's service; empty if it has none.
    """

    code: str
    message: str
    passing: bool
    own: str = ""


class Unsendable(Exception):
    """What is to be sent does not have the form that the target takes. It never will."""

    code = "InvalidInput"


def explained(error: BaseException) -> Undelivered:
    """What an attempt's exception says."""
    name, message = code_of(error), str(getattr(error, "message", None) or error)
    if isinstance(error, AccessDenied | CannotAssume) or "AccessDenied" in name:
        return Undelivered("NO_PERMISSIONS", message, passing=False, own=name)
    if any(word in name for word in _GONE):
        return Undelivered("NO_RESOURCE", message, passing=False, own=name)
    if any(word in name for word in _BUSY):
        return Undelivered("THROTTLING", message, passing=True, own=name)
    if name:
        return Undelivered("SDK_CLIENT_ERROR", message, passing=False, own=name)
    return Undelivered("INTERNAL_ERROR", f"{type(error).__name__}: {message}", passing=True)


def code_of(error: BaseException) -> str:
    """The code of an error of an AWS service, whatever raises it; empty if it is another error."""
    if answered := getattr(error, "response", None):  # botocore's
        return str((answered.get("Error") or {}).get("Code", ""))
    for name in ("error_type", "code"):
        if isinstance(found := getattr(error, name, None), str):
            return found
    return ""


def pause(attempts: int) -> float:
    """The seconds between a failed attempt and the next one.

    Example::

        >>> [pause(attempts) for attempts in (1, 2, 3, 20)]
        [1.0, 2.0, 4.0, 60.0]
    """
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts - 1, 10)))


def exhausted(policy: dict[str, Any] | None, *, attempts: int, age: float) -> str | None:
    """The limit of a RetryPolicy that forbids another attempt: a dead letter's EXHAUSTED_RETRY_CONDITION.

    Args:
        attempts: How many attempts have failed.
        age: The event's age at the next attempt, in seconds.

    Example::

        >>> exhausted({"MaximumRetryAttempts": 2}, attempts=2, age=3.0)
        >>> exhausted({"MaximumRetryAttempts": 2}, attempts=3, age=3.0)
        'MaximumRetryAttempts'
        >>> exhausted({"MaximumEventAgeInSeconds": 60}, attempts=1, age=61.0)
        'MaximumEventAgeInSeconds'
    """
    given = policy or {}
    if attempts > int(given.get("MaximumRetryAttempts", MOST_ATTEMPTS)):
        return "MaximumRetryAttempts"
    if age > float(given.get("MaximumEventAgeInSeconds", MOST_SECONDS)):
        return "MaximumEventAgeInSeconds"
    return None
