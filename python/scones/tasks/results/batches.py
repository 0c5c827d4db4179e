"""The result of invoke batch.

Example::

    >>> BatchResult.__doc__.splitlines()[0]
    'What became of a batch of images. The exit code is 0, 3 or 1, as without --json.'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class BatchResult:
    """What became of a batch of images. The exit code is 0, 3 or 1, as without --json.

    Attributes:
        environment: The environment.
        batch: The batch's name. The same source, way and model have the same name.
        how: The way: Step Functions' Distributed Map, or SageMaker's Batch Transform.
        images: How many images the source has.
        classified: How many of them this run has sent to the model. The others were done before.
        passed: How many answers reach the threshold, and are one of the wanted classes.
        low_confidence: How many answers do not reach the threshold.
        not_one_of_the_classes: How many answers are the class other.
        failed: How many images have no answer, by error.
        threshold: The threshold.
        model_version: The version of the model package.
        seconds: How long this run took, from its start to its table.
        images_per_second: How many images this run has classified in a second, its start included. Null if none.
        cost_usd: What this run costs on AWS, in US dollars, estimated.
        table, csv: The table as Parquet and as CSV. Null with --dry-run.
    """

    environment: str
    batch: str
    how: Literal["map", "transform"]
    images: int
    classified: int
    passed: int
    low_confidence: int
    not_one_of_the_classes: int
    failed: dict[str, int]
    threshold: float
    model_version: int | None
    seconds: float
    images_per_second: float | None
    cost_usd: float
    table: str | None
    csv: str | None
