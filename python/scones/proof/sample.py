"""Uploads a data set of a few images, enough for a training job of seconds.

Example (not run: it needs a running cloud)::

    uri = put(s3, "scones-local-123456789012")      # s3://scones-local-123456789012/datasets/0…0
"""

from __future__ import annotations

import io
from typing import Any

TRAIN, VALIDATION = 16, 8
SIDE, LARGE_SIDE = 20, 320  # pixels
LARGE = "images/large.png"
FINGERPRINT = "0" * 64
OVERRIDES = {"epochs": "1", "image_shape": f"3,{SIDE},{SIDE}", "num_layers": "20", "mini_batch_size": "8"}


def put(s3: Any, bucket: str) -> str:
    """Upload plain images of two colours, in the algorithm's layout. Returns the data set's ``s3://`` URL."""
    from PIL import Image

    place = f"datasets/{FINGERPRINT}"
    for split, count in (("train", TRAIN), ("validation", VALIDATION)):
        rows = []
        for index in range(count):
            label = index % 2
            stream = io.BytesIO()
            colour = (200, 10 * index, 60) if label else (60, 10 * index, 200)
            Image.new("RGB", (SIDE, SIDE), colour).save(stream, "PNG")
            name = f"{label}/{index:03}.png"
            s3.put_object(Bucket=bucket, Key=f"{place}/{split}/{name}", Body=stream.getvalue())
            rows.append(f"{index}\t{label}\t{name}\n")
        s3.put_object(Bucket=bucket, Key=f"{place}/{split}.lst", Body="".join(rows).encode())
    s3.put_object(Bucket=bucket, Key=LARGE, Body=large())
    return f"s3://{bucket}/{place}"


def large() -> bytes:
    """A PNG of noise that is too large for a state, so that classify-image must read it from S3."""
    import random

    from PIL import Image

    stream = io.BytesIO()
    noise = random.Random(0).randbytes(3 * LARGE_SIDE * LARGE_SIDE)
    Image.frombytes("RGB", (LARGE_SIDE, LARGE_SIDE), noise).save(stream, "PNG")
    return stream.getvalue()
