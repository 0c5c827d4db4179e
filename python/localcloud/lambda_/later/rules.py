"""What becomes of an event after each attempt: it ends, or it is tried again later. Pure.

AWS: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation". After a function's
error Lambda tries twice more, after one minute and after two. An event that is throttled goes back to the queue for up
to six hours; the waits grow from one second to five minutes.

Here nobody waits for minutes: a :class:`Pace` says how long the waits are. An event's age nevertheless counts the waits
after errors as AWS's, so MaximumEventAgeInSeconds has the same effect as there.

Example::

    >>> event = AcceptedEvent(1, "arn:aws:lambda:us-east-1:123456789012:function:f", "{}", "8f3a", 0.0, 0.0)
    >>> failed = LastAnswer("$LATEST", '{"errorType": "ValueError"}', failed=True)
    >>> again = ran(event, failed, EventRules(), now=5.0)
    >>> again.ended, again.due - 5.0, again.attempts
    (None, 1.0, 1)
    >>> ran(event, failed, EventRules(retries=0), now=5.0).ended
    'RetriesExhausted'
    >>> ran(event, failed, EventRules(seconds=60), now=5.0).ended    # on AWS it would run again after a minute
    'EventAgeExceeded'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from localcloud.lambda_.later.accepted import AcceptedEvent, LastAnswer

SUCCESS = "Success"
RETRIES_EXHAUSTED = "RetriesExhausted"
AGE_EXCEEDED = "EventAgeExceeded"
#: The function's reserved concurrency is 0 (recorded answers of AWS).
NO_CONCURRENCY = "ZeroReservedConcurrency"
#: The function has run too often in one chain. AWS does not document this condition's name.
RECURSION = "RecursiveInvocation"
#: AWS's waits before the second and the third run, in seconds.
AWS_WAITS = (60.0, 120.0)
AWS_LONGEST_WAIT = 300.0


@dataclass(frozen=True)
class Pace:
    """How long events wait here.

    Attributes:
        retries: The seconds before the second and the third run of a function that failed. AWS has 60 and 120.
        longest: The most seconds before a throttled event is tried again. AWS has 300.
    """

    retries: tuple[float, float] = (1.0, 2.0)
    longest: float = 5.0


HERE = Pace()


@dataclass(frozen=True)
class EventRules:
    """An event invoke configuration.

    Attributes:
        retries: MaximumRetryAttempts.
        seconds: MaximumEventAgeInSeconds.
    """

    retries: int = 2
    seconds: float = 21_600.0


def rules_of(configuration: Mapping[str, Any] | None) -> EventRules:
    """The rules of a configuration, with AWS's defaults.

    Example::

        >>> rules_of({"MaximumRetryAttempts": 0})
        EventRules(retries=0, seconds=21600.0)
    """
    given = configuration or {}
    retries, seconds = given.get("MaximumRetryAttempts"), given.get("MaximumEventAgeInSeconds")
    defaults = EventRules()
    return EventRules(
        retries=defaults.retries if retries is None else int(retries),
        seconds=defaults.seconds if seconds is None else float(seconds),
    )


def age(event: AcceptedEvent, now: float) -> float:
    """The seconds since an event was accepted, as AWS would count them."""
    return now - event.accepted + event.skipped


def refused_before(event: AcceptedEvent, rules: EventRules, *, reserved: int | None, now: float) -> str | None:
    """The condition in which an event ends before it runs. None if it may run.

    Args:
        reserved: The function's reserved concurrency. None if it has none.
    """
    if reserved == 0:
        return NO_CONCURRENCY
    return AGE_EXCEEDED if age(event, now) > rules.seconds else None


def ran(event: AcceptedEvent, answer: LastAnswer, rules: EventRules, *, now: float, pace: Pace = HERE) -> AcceptedEvent:
    """The event after its function has run."""
    event = replace(event, attempts=event.attempts + 1, throttles=0, answer=answer, refusal=None)
    if not answer.failed:
        return replace(event, ended=SUCCESS)
    if event.attempts > rules.retries:
        return replace(event, ended=RETRIES_EXHAUSTED)
    which = min(event.attempts, len(AWS_WAITS)) - 1
    if age(event, now) + AWS_WAITS[which] > rules.seconds:
        return replace(event, ended=AGE_EXCEEDED)
    wait = pace.retries[which]
    return replace(event, due=now + wait, skipped=event.skipped + max(0.0, AWS_WAITS[which] - wait))


def not_run(
    event: AcceptedEvent, refusal: tuple[int, str], rules: EventRules, *, now: float, pace: Pace = HERE
) -> AcceptedEvent:
    """The event after an attempt that could not run: it was throttled, or Lambda itself failed.

    Args:
        refusal: Status and message of the error.

    Example::

        >>> event = AcceptedEvent(1, "arn:aws:lambda:us-east-1:123456789012:function:f", "{}", "8f3a", 0.0, 0.0)
        >>> for _ in range(3):
        ...     event = not_run(event, (429, "Rate Exceeded."), EventRules(), now=event.due)
        >>> event.due, event.attempts
        (7.0, 0)
    """
    wait = min(2.0**event.throttles, AWS_LONGEST_WAIT, pace.longest)
    event = replace(event, throttles=min(event.throttles + 1, 20), refusal=refusal)
    if age(event, now) + wait > rules.seconds:
        return replace(event, ended=AGE_EXCEEDED)
    return replace(event, due=now + wait)
