"""``invoke batch``: classifies many images at once, and writes one table.

Example (not run: it needs a running cloud)::

    invoke batch s3://BUCKET/yesterday/ --threshold 0.9
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from scones import settings
from scones.errors import InputError
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.batches import BatchResult
from scones.tasks.terminal import terminal
from scones.tasks.views import combined_exit_code, counts_lines, duration, money, shown

if TYPE_CHECKING:
    from invoke import Context

    from scones.cost.batch import BatchPlan
    from scones.service.batch import How

WAYS: Mapping[str, How] = {"map": "map", "transform": "transform"}


@task(
    result=BatchResult,
    positional=["source"],
    help={
        "source": "s3://BUCKET/PREFIX, a folder, or a CSV file with a column image of s3:// URLs",
        "threshold": "the least confidence that passes, 0 to 1 (default: the environment's)",
        "how": "map: the endpoint, through Step Functions' Distributed Map; transform: a Batch Transform job, which "
        "needs no endpoint (default: map)",
        "out": "the folder for table.parquet, table.csv and summary.json (default: build/batches/ENV/BATCH)",
        "dry-run": "only say how many images there are, how long they take and what they cost",
        "yes": "begin without asking, though AWS charges for it",
        "env": "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)",
    },
)
def batch(
    context: Context,
    source: str,
    threshold: str | None = None,
    how: str = "map",
    out: str | None = None,
    dry_run: bool = False,
    yes: bool = False,
    env: str | None = None,
) -> TaskAnswer:
    """Classify many images at once, and write one table: each image with its answer, or the reason why it has none.

    A second run of the same source, way and model does only what is missing, and follows what still runs. With another
    --threshold, it judges the answers anew and classifies nothing. Exit code 0 if all images passed, 3 if the only
    failures are refused answers (low confidence, or not one of the classes), 1 otherwise.

    invoke batch s3://BUCKET/images/yesterday/ --threshold 0.9
    invoke batch photos --how transform --env dev
    invoke batch list.csv --dry-run
    """
    from scones.tasks.batched import BatchRun
    from scones.tasks.prepare import confirm

    if how not in WAYS:
        raise InputError(f"--how is {how!r}", hint="give --how map or --how transform")
    environment = settings.load(env)
    line = environment.service["confidence_threshold"] if threshold is None else options.share(threshold, "--threshold")
    folder = options.folder(out, "--out") if out else None
    console = terminal(stderr=True)

    def ask(plan: BatchPlan) -> None:
        if not yes:
            confirm(environment, f"{plan.images:,} images cost about {money(plan.cost)}", console)

    run = BatchRun.of(environment, source, WAYS[how], console)
    found = run.classify(source, line, folder=folder, ask=ask, dry_run=dry_run)
    document = found.document

    def show() -> None:
        out = terminal()
        if found.ended:
            out.print(found.ended, highlight=False, markup=False, style="yellow", soft_wrap=True)
        if document.table and document.csv:
            out.print(counts_lines(document), highlight=False, markup=False)
            spent = f"{document.classified:,} images in {duration(document.seconds)}, {money(document.cost_usd)} on AWS"
            out.print(f"this run: {spent}" if document.classified else "nothing was left to classify", highlight=False)
            places = f"{shown(Path(document.table))} and {shown(Path(document.csv))}"
            out.print(f"table: {places}", highlight=False, markup=False, soft_wrap=True)

    return TaskAnswer(lambda: document, show, code=0 if dry_run else _code(document))


def _code(found: BatchResult) -> int:
    from scones.service.workflow import FAILED, PASSED, REFUSED

    refused = found.low_confidence + found.not_one_of_the_classes
    ends = {PASSED: found.passed, REFUSED: refused, FAILED: sum(found.failed.values())}
    return combined_exit_code(code for code, images in ends.items() if images)
