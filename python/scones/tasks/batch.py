"""``invoke batch``: classifies many images at once, and writes one table.

Example (not run: it needs a running cloud)::

    invoke batch s3://BUCKET/yesterday/ --threshold 0.9
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.errors import InputError
from scones.s3 import is_uri
from scones.steps import Waiting, bars
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.batches import BatchResult
from scones.tasks.terminal import terminal
from scones.tasks.views import combined_exit_code, counts_lines, duration, shown

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console

    from scones.cost.batch import Plan
    from scones.service.batch import Batch, BatchImage, BatchRow
    from scones.settings import Environment

THREADS = 16
WAYS = ("map", "transform")


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
    failures are low confidence, 1 otherwise.

    invoke batch s3://BUCKET/yesterday/ --threshold 0.9
    invoke batch photos --how transform --env dev
    invoke batch list.csv --dry-run
    """
    from scones.service.batch import table

    began = time.monotonic()
    if how not in WAYS:
        raise InputError(f"--how is {how!r}", hint="give --how map or --how transform")
    environment = settings.load(env)
    line = environment.service["confidence_threshold"] if threshold is None else options.share(threshold, "--threshold")
    chosen = options.folder(out, "--out") if out else None
    console = terminal(stderr=True)
    run = BatchRun.of(environment, source, how, console)
    images = run.images(source)
    left = run.left(images)
    plan = run.plan(len(left))
    _say(console, images, left, how, plan)
    going = run.running() if not dry_run else None
    if left and not dry_run and not going and not yes:
        from scones.tasks.prepare import confirm

        confirm(environment, f"{len(left):,} images cost about ${plan.cost:,.2f}", console)
    ended = None
    if not dry_run:
        if going:
            console.print(f"an earlier run still goes on: {going}", highlight=False, markup=False)
            run.follow(going, len(left))
            left = run.left(images)
        if left:
            ended = run.follow(run.begin(left), len(left))
    rows = run.rows(images, line)
    counts = table.counted(rows)
    folder = chosen or run.folder
    files: tuple[Path, Path] | None = None
    if not dry_run:
        with Waiting(console, f"writing {shown(folder)}"):
            files = table.write([image.name for image in images], rows, run.batch.labels, folder)
    document = BatchResult(
        environment=environment.name,
        batch=run.batch.name,
        how="transform" if how == "transform" else "map",
        images=len(images),
        classified=0 if dry_run else len(left),
        passed=counts.passed,
        low_confidence=counts.low_confidence,
        failed=counts.failed,
        threshold=line,
        model_version=run.batch.model_version,
        seconds=round(time.monotonic() - began, 3),
        cost_usd=round(plan.cost, 6),
        table=str(files[0]) if files else None,
        csv=str(files[1]) if files else None,
    )
    if files:
        run.keep(document, folder)

    def show() -> None:
        out = terminal()
        if ended and not all(row.is_final for row in rows):
            out.print(ended, highlight=False, markup=False, style="yellow", soft_wrap=True)
        if files:
            out.print(counts_lines(counts, line), highlight=False, markup=False)
            spent = f"{len(left):,} images in {duration(document.seconds)}, about ${plan.cost:,.2f} on AWS"
            out.print(f"this run: {spent}" if left else "nothing was left to classify", highlight=False)
            out.print(f"table: {shown(files[0])} and {shown(files[1])}", highlight=False, markup=False)

    return TaskAnswer(lambda: document, show, code=0 if dry_run else _code(rows))


def _code(rows: Sequence[BatchRow]) -> int:
    from scones.service.workflow import FAILED, LOW, LOW_CONFIDENCE, PASSED

    return combined_exit_code(PASSED if row.passed else LOW if row.error == LOW_CONFIDENCE else FAILED for row in rows)


def _say(console: Console, images: Sequence[BatchImage], left: Sequence[BatchImage], how: str, plan: Plan) -> None:
    """What is going to be done, before it is."""
    done = "" if len(left) == len(images) else f", {len(left):,} of them to do"
    will = f"; by {how} about {duration(plan.seconds)} and ${plan.cost:,.2f} on AWS" if left else ""
    console.print(f"{len(images):,} images{done}{will}", highlight=False, soft_wrap=True)
    for assumed in plan.assumed if left else ():
        console.print(f"  assumed: {assumed}", style="dim", highlight=False, markup=False, soft_wrap=True)


@dataclass(frozen=True)
class BatchRun:
    """One run of ``invoke batch``: its environment, its clients, and how far it is.

    Attributes:
        batch: The batch.
        deployed: The output ``batch`` of the service stack.
        clients: boto3 clients by name: s3, stepfunctions, sagemaker and logs.
    """

    environment: Environment
    batch: Batch
    deployed: Mapping[str, Any]
    clients: Mapping[str, Any]
    console: Console

    @classmethod
    def of(cls, environment: Environment, source: str, how: str, console: Console) -> BatchRun:
        """A run on the environment's applied stacks.

        Raises:
            InputError: the service stack has no batches.
        """
        from scones import aws
        from scones.service.batch import Batch, standing
        from scones.terraform import Stack

        deployed = Stack(environment, "service").outputs().get("batch")
        if not deployed:
            raise InputError(
                f"in environment '{environment.name}', batches are off",
                hint=f'put "batch": {{}} into {shown(environment.folder / "service.tfvars.json")} and run: '
                f"invoke tf.apply --env {environment.name}",
            )
        place = source if is_uri(source) else str(Path(source).expanduser().resolve())
        package = deployed["package_arn"]
        made = Batch(
            standing.name_of(place, how, package),
            how,
            Stack(environment, "foundation").outputs()["bucket"],
            environment.workload,
            package,
            tuple(deployed["class_labels"]),
        )
        names = ("s3", "stepfunctions", "sagemaker", "logs")
        clients = {name: aws.client(environment, name, max_connections=THREADS) for name in names}
        return cls(environment, made, deployed, clients, console)

    @property
    def folder(self) -> Path:
        """Where the table is, unless ``--out`` says otherwise."""
        return self.environment.build / "batches" / self.environment.name / self.batch.name

    def images(self, source: str) -> list[BatchImage]:
        """The images of the source. A folder is uploaded."""
        from scones.service.batch import sources

        def tell(text: str) -> None:
            self.console.print(text, style="yellow", soft_wrap=True, highlight=False, markup=False)

        path = Path(source).expanduser()
        if is_uri(source):
            with Waiting(self.console, f"listing {source}"):
                return sources.listed(self.clients["s3"], source, tell)
        if path.is_dir():
            bucket, prefix = self.batch.bucket, self.batch.inputs
            with bars(self.console) as progress:
                report = _bar(progress, "uploading")
                return sources.uploaded(self.clients["s3"], path, bucket, prefix, tell=tell, on_progress=report)
        if path.is_file():
            return sources.in_file(path, tell)
        raise InputError(f"there is no {source}", hint="give s3://BUCKET/PREFIX, a folder or a CSV file")

    def standing(self, images: Sequence[BatchImage]) -> Any:
        """What all runs of the batch have done so far."""
        from scones.service.batch import BatchStanding, mapped, transformed

        with Waiting(self.console, "reading what is done"):
            if self.batch.how == "map":
                return BatchStanding.of(mapped.read(self.clients["s3"], self.batch))
            return BatchStanding.of(transformed.read(self.clients["s3"], self.clients["logs"], self.batch, images))

    def left(self, images: Sequence[BatchImage]) -> list[BatchImage]:
        """The images that are to do."""
        found: list[BatchImage] = self.standing(images).left(images)
        return found

    def rows(self, images: Sequence[BatchImage], threshold: float) -> list[BatchRow]:
        """A row for each image."""
        found: list[BatchRow] = self.standing(images).rows(images, threshold=threshold)
        return found

    def running(self) -> str | None:
        """The execution or job of an earlier run that goes on."""
        from scones.service.batch import mapped, transformed

        if self.batch.how == "map":
            return mapped.running(self.clients["stepfunctions"], self.deployed["state_machine_arn"], self.batch)
        return transformed.running(self.clients["sagemaker"], self.batch)

    def begin(self, left: Sequence[BatchImage]) -> str:
        """Start the execution or the job. Returns its ARN or its name."""
        from scones.service.batch import mapped, transformed

        s3 = self.clients["s3"]
        if self.batch.how == "map":
            machine = self.deployed["state_machine_arn"]
            return mapped.begin(s3, self.clients["stepfunctions"], machine, self.batch, left)
        model, instance = self.deployed["model_name"], self.deployed["transform_instance_type"]
        return transformed.begin(s3, self.clients["sagemaker"], model, instance, self.batch, left)

    def follow(self, started: str, total: int) -> str | None:
        """Follow an execution or a job with a progress bar. Returns why it has failed, or None if it has not."""
        from scones.service.batch import mapped, transformed

        try:
            with bars(self.console) as progress:
                report = _bar(progress, "classifying")
                report(0, total)
                if self.batch.how == "map":
                    found = mapped.follow(self.clients["stepfunctions"], started, on_progress=report)
                    failed = found["status"] != "SUCCEEDED"
                    why = ": ".join(str(found[name]) for name in ("status", "error", "cause") if found.get(name))
                else:
                    s3, sagemaker = self.clients["s3"], self.clients["sagemaker"]
                    found = transformed.follow(s3, sagemaker, self.batch, started, total, on_progress=report)
                    failed = found["TransformJobStatus"] != "Completed"
                    why = f"{found['TransformJobStatus']}: {found.get('FailureReason', 'somebody stopped it')}"
        except KeyboardInterrupt:
            stop = (
                f"aws stepfunctions stop-execution --execution-arn {started}"
                if self.batch.how == "map"
                else f"aws sagemaker stop-transform-job --transform-job-name {started}"
            )
            self.console.print(f"the batch goes on by itself; to stop it: {stop}", highlight=False, soft_wrap=True)
            raise
        return f"{started} has left images without an answer: {why}; the same command tries again" if failed else None

    def plan(self, images: int) -> Plan:
        """How long the images take and what they cost, with the rate of the last run if there is one."""
        from scones.cost import Prices
        from scones.cost import batch as costs
        from scones.cost.usage import configured

        return costs.plan(
            images,
            how=self.batch.how,
            usage=configured(self.environment),
            prices=Prices.load(),
            images_per_second=_rate(self.folder.parent, self.batch.how),
        )

    def keep(self, document: BatchResult, folder: Path) -> None:
        """Write ``summary.json`` beside the table."""
        import json
        from dataclasses import asdict

        from imageclassification import files

        files.write(folder / "summary.json", json.dumps(asdict(document), indent=2) + "\n")


def _bar(progress: Any, what: str) -> Callable[[int, int], None]:
    bar = progress.add_task(what, total=None)

    def report(done: int, total: int) -> None:
        progress.update(bar, completed=done, total=total or None)

    return report


def _rate(folder: Path, how: str) -> float | None:
    """The images a second of the last run here that classified a hundred or more. None if there was none."""
    import json

    found = sorted(folder.glob("*/summary.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found:
        try:
            said = json.loads(path.read_text())
            if said["how"] == how and said["classified"] >= 100:
                return float(said["classified"] / said["seconds"])
        except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
            continue
    return None
