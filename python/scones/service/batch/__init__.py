"""Classifies many images at once, on Step Functions' Distributed Map or on SageMaker's Batch Transform.

Example (not run: it needs a running cloud)::

    images = sources.listed(s3, "s3://BUCKET/yesterday/")
    turn = mapped.turn(s3, sfn, machine_arn, batch)             # before the rows, so that they are of all earlier runs
    done = BatchStanding.of(mapped.read(s3, batch, mapped.results(s3, batch)))
    run = mapped.begin(s3, sfn, machine_arn, batch, done.left(images), turn.number)
    mapped.follow(sfn, run.place, on_progress=print)
    done = BatchStanding.of(mapped.read(s3, batch, mapped.results(s3, batch)))
    rows = zip(images, done.rows(images, threshold=0.8))
    table.write(((image.name, row) for image, row in rows), batch.labels, Path("build/batches"))

A batch is one source, one way and one model. What its runs write is below ``batches/<name>/`` of the environment's
bucket. So a second run of the same batch does what is missing, whatever has stopped the first.
"""

from scones.service.batch import mapped, sources, table, transformed
from scones.service.batch.rows import BatchRow
from scones.service.batch.sources import BatchImage
from scones.service.batch.standing import Batch, BatchStanding, BatchStart, BatchTurn, How

__all__ = [
    "Batch",
    "BatchImage",
    "BatchRow",
    "BatchStanding",
    "BatchStart",
    "BatchTurn",
    "How",
    "mapped",
    "sources",
    "table",
    "transformed",
]
