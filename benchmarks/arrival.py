"""Measures arrivals: how long it takes from an upload to its result, and what many uploads at once come to.

Example (not run: it needs an environment with arrivals)::

    took = latencies(s3, outputs["arrival"], pictures(20))
    statistics.median(took)     # seconds

It works in any environment, and asks for nothing but the bucket. Each picture is another one.
"""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from PIL import Image

from scones.errors import SconesError
from scones.s3 import split

LOOK_SECONDS, LONGEST_SECONDS = 0.01, 60.0
SIDE = 32


def pictures(count: int, *, seed: int = 0) -> Iterator[bytes]:
    """PNGs of noise, each of them another one."""
    noise = np.random.default_rng(seed)
    for _ in range(count):
        buffer = io.BytesIO()
        Image.fromarray(noise.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)).save(buffer, "PNG")
        yield buffer.getvalue()


def latencies(s3: Any, arrival: Mapping[str, Any], images: Iterable[bytes]) -> list[float]:
    """The seconds from the begin of each upload until its result is there, one after the other.

    Args:
        s3: A boto3 S3 client.
        arrival: The output ``arrival`` of the stack ``service``.

    Raises:
        SconesError: a result was not there within a minute.
    """
    bucket, prefix = split(arrival["uri"])
    _, results = split(arrival["results_uri"])
    took = []
    for image in images:
        stem = uuid.uuid4().hex
        begun = time.monotonic()
        day = datetime.now(UTC).date()
        s3.put_object(Bucket=bucket, Key=f"{prefix}{stem}.png", Body=image)
        # The execution's name begins with the object's.
        asked = {"Bucket": bucket, "Prefix": f"{results}dt={day}/arrival-{stem}-"}
        while not s3.list_objects_v2(**asked)["KeyCount"]:
            if time.monotonic() - begun > LONGEST_SECONDS:
                raise SconesError(f"s3://{bucket}/{prefix}{stem}.png has no result after {LONGEST_SECONDS:.0f} s")
            time.sleep(LOOK_SECONDS)
        took.append(time.monotonic() - begun)
    return took
