"""Runs the state machine on many images at once.

Example (not run: it needs a running cloud)::

    runs = run_many(s3, sfn, bucket, state_machine_arn, images_of(["photos"]), threshold=0.8)
    [run.exit_code for run in runs]     # [0, 0, 3]
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones.errors import SHOWN
from scones.s3 import is_uri
from scones.service.workflow.execution import FAILED, ExecutionOutcome, check_threshold, exit_code, follow, start
from scones.service.workflow.images import upload


@dataclass(frozen=True)
class ImageRun:
    """One image of :func:`run_many`, with its outcome or the problem that prevented one.

    Attributes:
        image: A local path or ``s3://`` URL.
        problem: The error's message.
    """

    image: str
    outcome: ExecutionOutcome | None = None
    problem: str | None = None

    @property
    def exit_code(self) -> int:
        return FAILED if self.outcome is None else exit_code(self.outcome)


def run_many(
    s3: Any,
    sfn: Any,
    bucket: str,
    state_machine_arn: str,
    images: Sequence[str],
    threshold: float | None = None,
    *,
    workers: int = 8,
    on_done: Callable[[ImageRun], None] | None = None,
) -> list[ImageRun]:
    """Upload each local image, then start and follow an execution for each image.

    An error of one image does not stop the others.

    Args:
        images: Local paths and ``s3://`` URLs, as :func:`images_of` gives them.
        workers: The number of executions that run at once.
        on_done: Called in this thread with each :class:`ImageRun` when it ends.

    Returns:
        One ImageRun for each image, in the order of ``images``.
    """
    if threshold is not None:
        check_threshold(threshold)

    def run(image: str) -> ImageRun:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            url = image if is_uri(image) else upload(s3, bucket, Path(image))
            execution = start(sfn, state_machine_arn, url, threshold)
            return ImageRun(image, outcome=follow(sfn, execution.arn, stop=stop))
        except (*SHOWN, ClientError, BotoCoreError) as error:
            return ImageRun(image, problem=str(error))

    stop = threading.Event()
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        pending = {pool.submit(run, image): index for index, image in enumerate(images)}
        done: dict[int, ImageRun] = {}
        for future in as_completed(pending):
            done[pending[future]] = future.result()
            if on_done:
                on_done(future.result())
        return [done[index] for index in range(len(images))]
    finally:
        stop.set()  # on Ctrl-C: start no more executions, and follow the running ones no longer
        pool.shutdown(wait=False, cancel_futures=True)
