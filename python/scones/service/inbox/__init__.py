"""Looks at what arrives: what waits, what was given up, what failed and why; and tries it again.

Example (not run: it needs a running cloud)::

    place = (sqs, sfn, outputs["arrival"], outputs["state_machine_arn"])
    look(*place, since=yesterday).waiting["arrivals"].visible   # 3
    retry(*place, since=yesterday)              # moves dead letters back, and tries failed executions again
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
