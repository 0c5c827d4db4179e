"""Measures arrivals: how long it takes from an upload to its result, and what many uploads at once come to.

Example (not run: it needs an environment with arrivals)::

    took = latencies(s3, outputs["arrival"], pictures(20))
    statistics.median(took)     # seconds

It works in any environment, and asks for nothing but the bucket. Each picture is another one.

A look at the bucket takes time of a cloud on the same machine. With a look every ten milliseconds from the upload on,
an arrival took twice as long as when nobody looked. So the first look comes when a result can be there at the
earliest, by the quickest one so far.
"""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from PIL import Image

from scones.errors import SconesError
from scones.s3 import split

LOOK_SECONDS, LONGEST_SECONDS = 0.02, 60.0
QUIET_SECONDS = 0.2  # between a result and the next upload: functions still tell and log the result
FIRST_LOOK = 0.8  # of the quickest so far: one that is much quicker would be seen too late
SIDE = 32


def pictures(count: int, *, seed: int = 0) -> Iterator[bytes]:
    """PNGs of noise, each of them another one."""
    noise = np.random.default_rng(seed)
    for _ in range(count):
        buffer = io.BytesIO()
        Image.fromarray(noise.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)).save(buffer, "PNG")
        yield buffer.getvalue()


def latencies(
    s3: Any,
    arrival: Mapping[str, Any],
    images: Iterable[bytes],
    *,
    clock: Callable[[], float] = time.monotonic,
    rest: Callable[[float], None] = time.sleep,
) -> list[float]:
    """The seconds from the begin of each upload until its result is seen, one after the other.

    Args:
        s3: A boto3 S3 client.
        arrival: The output ``arrival`` of the stack ``service``.
        clock: Seconds from any moment on.
        rest: Waits for some seconds.

    Raises:
        SconesError: a result was not there within a minute.
    """
    bucket, prefix = split(arrival["uri"])
    _, results = split(arrival["results_uri"])
    took: list[float] = []
    for image in images:
        stem = uuid.uuid4().hex
        if took:
            rest(QUIET_SECONDS)
        begun = clock()
        day = datetime.now(UTC).date()
        s3.put_object(Bucket=bucket, Key=f"{prefix}{stem}.png", Body=image)
        # The execution's name begins with the object's.
        asked = {"Bucket": bucket, "Prefix": f"{results}dt={day}/arrival-{stem}-"}
        if took:
            rest(max(0.0, begun + FIRST_LOOK * min(took) - clock()))
        while not s3.list_objects_v2(**asked)["KeyCount"]:
            if clock() - begun > LONGEST_SECONDS:
                raise SconesError(f"s3://{bucket}/{prefix}{stem}.png has no result after {LONGEST_SECONDS:.0f} s")
            rest(LOOK_SECONDS)
        took.append(clock() - begun)
    return took
