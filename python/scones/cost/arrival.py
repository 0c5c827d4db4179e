"""The cost of arrivals: queues that are polled whether something comes or not, events, and two more functions.

Example::

    >>> [line.what for line in at_rest(2, Prices.load())], at_rest(0, Prices.load())
    (['long polling of queues by Lambda'], [])

Lambda polls a queue at least with five long polls of 20 seconds. Its scaling page says five concurrent batches to begin
with: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

from __future__ import annotations

from scones.cost.line import Line
from scones.cost.prices import Prices

IMAGES = 1000
POLLERS, POLL_SECONDS = 5, 20
SECONDS_A_MONTH = 730 * 3600
# The functions are not in memory_mb.json, which has those of the state machine.
FUNCTIONS, MEMORY_MB = ("start-workflow", "record-result"), 128
QUEUES = 2
# For each queue the age of its oldest message and its dead letters; for each function errors and throttles.
ALARM_METRICS = 2 * QUEUES + 2 * len(FUNCTIONS)
# EventBridge sends a message to a queue, Lambda receives and deletes it. A batch of several costs less.
REQUESTS_AN_IMAGE = 3 * QUEUES
# The picture, its result, and the event that tells the result. AWS charges for the events of S3 that a bucket opts in
# to as for one's own, and nothing for those of Step Functions.
EVENTS_AN_IMAGE = 3


def at_rest(queues: int, prices: Prices) -> list[Line]:
    """A month without a picture."""
    polls = queues * POLLERS * SECONDS_A_MONTH / POLL_SECONDS
    price = prices.of("queue_request")
    return [Line("long polling of queues by Lambda", polls, "requests", price)] if queues else []


def per_thousand(gb_seconds: float, prices: Prices) -> list[Line]:
    """What 1,000 pictures cost more if they arrive.

    Args:
        gb_seconds: The memory and time of both functions for a picture.
    """
    return [
        Line("arrivals: requests of queues", REQUESTS_AN_IMAGE * IMAGES, "requests", prices.of("queue_request")),
        Line("arrivals: events", EVENTS_AN_IMAGE * IMAGES, "events", prices.of("event")),
        Line("arrivals: calls of functions", len(FUNCTIONS) * IMAGES, "calls", prices.of("function_request")),
        Line("arrivals: functions' time", gb_seconds * IMAGES, "GB-seconds", prices.of("function_arm_gb_second")),
        Line("arrivals: results written to S3", IMAGES, "requests", prices.of("s3_put")),
    ]
