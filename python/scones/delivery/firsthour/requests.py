"""Sends images to an endpoint, and waits for what follows from it.

Example (not run: it needs a running endpoint)::

    Counter(answers(runtime, "scones-checkdev", images, 20))       # Counter({'AllTraffic': 11, 'Candidate': 9})
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from scones.model.evaluation import CONTENT_TYPES


def answers(runtime: Any, endpoint: str, images: Sequence[Path], count: int) -> Iterator[str]:
    """Send images, one after the other, and give the variant that answered each.

    Args:
        runtime: A boto3 ``sagemaker-runtime`` client.
        images: They are sent in turn, from the first again after the last.

    Raises:
        ClientError: the endpoint does not answer, or answers with an error.
    """
    for number in range(count):
        image = images[number % len(images)]
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType=CONTENT_TYPES.get(image.suffix.lower(), "application/x-image"),
            Body=image.read_bytes(),
        )
        answer["Body"].read()
        yield answer["InvokedProductionVariant"]


def ringing(cloudwatch: Any, prefix: str) -> list[str]:
    """The names of the alarms with a prefix that are in state ALARM."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix, StateValue="ALARM")
    return [one["AlarmName"] for page in pages for one in page["MetricAlarms"]]


def until(
    look: Callable[[], bool],
    *,
    seconds: float,
    between: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Whether something comes true in time.

    Args:
        look: Tells whether it is true now.
        between: Called between two looks: sends requests, or waits.
        clock: Gives seconds.
    """
    give_up = clock() + seconds
    while not look():
        if clock() >= give_up:
            return False
        between()
    return True
