"""Reports how full the queues are every minute, as SQS does.

AWS: SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS". A queue is reported from its first message on.
Not reported here: the numbers and sizes of the messages sent, received and deleted, and of empty receives.

Example::

    >>> seconds_old([5_000, 3_000], now=10.0), seconds_old([], now=10.0)
    (7.0, 0.0)
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from moto.sqs.models import Queue, sqs_backends

from localcloud.context import MetricStore
from localcloud.durability.upkeep import every

NAMESPACE = "AWS/SQS"
EVERY_SECONDS = 60.0


class QueueUsage:
    """Reports for all queues of a cloud.

    Args:
        metrics: Where to report.
    """

    def __init__(self, metrics: MetricStore) -> None:
        self._metrics = metrics
        self._used: set[str] = set()  # the ARNs of the queues that have had a message

    def begin(self) -> None:
        """Report until the process ends."""
        every(EVERY_SECONDS, self.report)

    def report(self) -> None:
        """Report every queue that has had a message."""
        now = time.time()
        for account, region, queue in _queues():
            with queue._messages_lock:
                sent = [one.sent_timestamp for one in queue._messages]
                values = [
                    ("ApproximateNumberOfMessagesVisible", queue.approximate_number_of_messages, "Count"),
                    (
                        "ApproximateNumberOfMessagesNotVisible",
                        queue.approximate_number_of_messages_not_visible,
                        "Count",
                    ),
                    ("ApproximateNumberOfMessagesDelayed", queue.approximate_number_of_messages_delayed, "Count"),
                    ("ApproximateAgeOfOldestMessage", seconds_old(sent, now=now), "Seconds"),
                ]
            if sent:
                self._used.add(queue.queue_arn)
            if queue.queue_arn in self._used:
                self._metrics.put_all(NAMESPACE, {"QueueName": queue.name}, values, account=account, region=region)


def _queues() -> Iterator[tuple[str, str, Queue]]:
    for account, region, backend in sqs_backends.iter_backends():
        yield from ((account, region, queue) for queue in list(backend.queues.values()))


def seconds_old(sent: Iterable[float], *, now: float) -> float:
    """The age of the oldest message, in seconds.

    Args:
        sent: When the messages were sent, in milliseconds since 1970.
        now: In seconds since 1970.
    """
    return max(0.0, max((now - moment / 1000 for moment in sent), default=0.0))
