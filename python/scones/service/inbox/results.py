"""Reads the results of what arrived: the objects that recordResult writes.

Example (not run: it needs a running cloud)::

    found = wait_for(s3, outputs["arrival"], ["photo.jpg"], seconds=60)
    found["photo.jpg"]["status"]        # 'SUCCEEDED'
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from scones.s3 import objects, split

PAUSE_SECONDS = 0.05


def keys(s3: Any, arrival: Mapping[str, Any]) -> Iterator[str]:
    """The keys of all results.

    Args:
        s3: A boto3 S3 client.
        arrival: The output ``arrival`` of the stack ``service``.
    """
    bucket, prefix = split(arrival["results_uri"])
    yield from (one["Key"] for one in objects(s3, bucket, prefix))


def ending(result: Mapping[str, Any]) -> str:
    """How an arrival ended: ``passed``, or the error's name, or the execution's status if it has none.

    Example::

        >>> ending({"status": "SUCCEEDED"}), ending({"status": "FAILED", "error": "InvalidImageError"})
        ('passed', 'InvalidImageError')
        >>> ending({"status": "ABORTED", "error": None})
        'ABORTED'
    """
    return "passed" if result["status"] == "SUCCEEDED" else str(result["error"] or result["status"])


def wait_for(s3: Any, arrival: Mapping[str, Any], names: Collection[str], *, seconds: float) -> dict[str, Any]:
    """The results of objects that have been put under the prefix, as soon as all are there.

    Args:
        s3: A boto3 S3 client.
        arrival: The output ``arrival`` of the stack ``service``.
        names: Their keys after the prefix.
        seconds: After this time, what is there is enough.

    Returns:
        The last result of each object that has one, by its name.
    """
    bucket, _ = split(arrival["results_uri"])
    wanted = {f"{arrival['uri']}{name}": name for name in names}
    read: set[str] = set()
    found: dict[str, Any] = {}
    give_up = time.monotonic() + seconds
    while True:
        for key in set(keys(s3, arrival)) - read:
            read.add(key)
            one = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            name = wanted.get(one["image_url"])
            if name and one["ended_at"] >= found.get(name, one)["ended_at"]:
                found[name] = one
        if len(found) == len(wanted) or time.monotonic() > give_up:
            return found
        time.sleep(PAUSE_SECONDS)
