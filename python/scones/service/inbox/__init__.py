"""Looks at what arrives: what waits, what was given up, what failed and why; and tries it again.

Example (not run: it needs a running cloud)::

    inbox = look(sqs, sfn, outputs["arrival"], outputs["state_machine_arn"], since=datetime(2026, 1, 1, tzinfo=UTC))
    inbox.waiting["arrivals"].visible           # 3
    retry(sqs, sfn, outputs["arrival"], inbox)  # moves dead letters back, and redrives failed executions
"""

from scones.service.inbox.dead import DeadLetter, QueueLoad, load
from scones.service.inbox.looking import FailedArrival, Inbox, Retried, look, retry
from scones.service.inbox.results import ending, keys, wait_for

__all__ = [
    "DeadLetter",
    "FailedArrival",
    "Inbox",
    "QueueLoad",
    "Retried",
    "ending",
    "keys",
    "load",
    "look",
    "retry",
    "wait_for",
]
