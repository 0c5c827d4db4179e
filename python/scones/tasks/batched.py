"""Runs a batch for ``invoke batch``: its images, what is left of them, its way, and its table.

Example (not run: it needs a running cloud)::

    run = BatchRun.of(environment, "s3://BUCKET/yesterday/", "map", console)
    found = run.classify("s3://BUCKET/yesterday/", threshold=0.8)
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imageclassification import files
from scones.errors import InputError
from scones.s3 import is_uri, split
from scones.service.batch import (
    Batch,
    BatchImage,
    BatchRow,
    BatchStanding,
    BatchStart,
    BatchTurn,
    How,
    mapped,
    sources,
    standing,
    table,
    transformed,
)
from scones.steps import Waiting, bars
from scones.tasks.results.batches import BatchResult
from scones.tasks.views import duration, money, shown

if TYPE_CHECKING:
    from rich.console import Console

    from scones.cost.batch import BatchPlan
    from scones.settings import Environment

THREADS = 16
RATED = 100  # images; a smaller run says little about the rate


@dataclass(frozen=True)
class Classified:
    """What a run of a batch has found.

    Attributes:
        ended: Why images have no answer, if another run may give them one.
    """

    document: BatchResult
    ended: str | None


@dataclass(frozen=True)
class BatchRun:
    """One run of ``invoke batch``: its environment, its clients, and how far it is.

    Attributes:
        batch: The batch.
        deployed: The output ``batch`` of the service stack.
        clients: boto3 clients by name: s3, stepfunctions, sagemaker and logs.
        own: The prefixes of the workflow's own objects in the environment's bucket, which are no pictures.
    """

    environment: Environment
    batch: Batch
    deployed: Mapping[str, Any]
    clients: Mapping[str, Any]
    console: Console
    own: tuple[str, ...] = ()

    @classmethod
    def of(cls, environment: Environment, source: str, how: How, console: Console) -> BatchRun:
        """A run on the environment's applied stacks.

        Raises:
            InputError: the service stack has no batches.
        """
        from scones import aws
        from scones.terraform import Stack

        outputs = Stack(environment, "service").outputs()
        deployed, arrival = outputs.get("batch"), outputs.get("arrival")
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
        folders = json.loads((environment.root / "terraform" / "stacks" / "service" / "folders.json").read_text())
        results = [f"{split(arrival['results_uri'])[1].rstrip('/')}/"] if arrival else []
        return cls(environment, made, deployed, clients, console, (*folders["others"], *results))

    @property
    def folder(self) -> Path:
        """Where the table is, unless ``--out`` says otherwise."""
        return self.environment.build / "batches" / self.environment.name / self.batch.name

    def classify(
        self,
        source: str,
        threshold: float,
        *,
        folder: Path | None = None,
        ask: Callable[[BatchPlan], None] = lambda plan: None,
        dry_run: bool = False,
    ) -> Classified:
        """Classify what is left of the source's images, and write the table and ``summary.json``.

        A run of somebody else that goes on, or began at the same moment, is followed first. Then what it has left is
        classified.

        Args:
            folder: Where the files are written. By default :attr:`folder`.
            ask: Called with the plan before anything is started. It raises to stop.
            dry_run: Only say what would be done.
        """
        began = time.monotonic()
        images = self.images(source)
        with Waiting(self.console, "reading what is done"):
            turn, seen = self.turn(), set[str]()
            stands = BatchStanding.of(self.read(images, seen))
        left, ended, rate = stands.left(images), None, None
        if self.batch.how == "transform":
            transformed.check(left)
        plan = self.plan(len(left))
        self._say(images, left, plan)
        agreed = False
        while not dry_run and (turn.going or left):
            if plan and not (turn.going or agreed):
                ask(plan)
                self.upload(left)
                agreed = True
            started = time.monotonic()
            run = BatchStart(turn.going, is_ours=False) if turn.going else self.begin(left, turn)
            if not run.is_ours:
                self.console.print(f"another run has begun it: {run.place}", highlight=False, markup=False)
            ended = self.follow(run.place, len(left))
            seconds = time.monotonic() - started
            with Waiting(self.console, "reading the answers"):
                turn = self.turn()
                stands = stands.and_then(self.read(left, seen))
            if run.is_ours:
                rate = len(left) / seconds
                break
            left = stands.left(images)
            plan = self.plan(len(left))
        counts, written = table.counted(stands.rows(images, threshold=threshold)), None
        if not dry_run:
            with Waiting(self.console, f"writing {shown(folder or self.folder)}"):
                rows = zip(images, stands.rows(images, threshold=threshold), strict=True)
                named = ((image.name, row) for image, row in rows)
                written = table.write(named, self.batch.labels, folder or self.folder)
        document = BatchResult(
            environment=self.environment.name,
            batch=self.batch.name,
            how=self.batch.how,
            images=len(images),
            classified=0 if dry_run else len(left),
            passed=counts.passed,
            low_confidence=counts.low_confidence,
            not_one_of_the_classes=counts.not_one_of_the_classes,
            failed=counts.failed,
            threshold=threshold,
            model_version=self.batch.model_version,
            seconds=round(time.monotonic() - began, 3),
            images_per_second=rate and round(rate, 3),
            cost_usd=round(plan.cost, 6) if plan else 0.0,
            table=str(written[0]) if written else None,
            csv=str(written[1]) if written else None,
        )
        if written:
            files.write(written[0].with_name("summary.json"), json.dumps(asdict(document), indent=2) + "\n")
        return Classified(document, ended if counts.unfinished else None)

    def _say(self, images: Sequence[BatchImage], left: Sequence[BatchImage], plan: BatchPlan | None) -> None:
        """What is going to be done, before it is."""
        done = "" if len(left) == len(images) else f", {len(left):,} of them to do"
        will = f"; by {self.batch.how} about {duration(plan.seconds)} and {money(plan.cost)} on AWS" if plan else ""
        self.console.print(f"{len(images):,} images{done}{will}", highlight=False, soft_wrap=True)
        for assumed in plan.assumed if plan else ():
            self.console.print(f"  assumed: {assumed}", style="dim", highlight=False, markup=False, soft_wrap=True)

    def images(self, source: str) -> list[BatchImage]:
        """The images of the source. Nothing is uploaded yet."""

        def tell(text: str) -> None:
            self.console.print(text, style="yellow", soft_wrap=True, highlight=False, markup=False)

        path = Path(source).expanduser()
        with Waiting(self.console, f"looking at {source}"):
            if is_uri(source):
                return sources.listed(self.clients["s3"], source, tell, own={self.batch.bucket: self.own})
            if path.is_dir():
                return sources.in_folder(path, self.batch.bucket, self.batch.inputs, tell)
            if path.is_file():
                return sources.in_file(self.clients["s3"], path, tell)
        raise InputError(f"there is no {source}", hint="give s3://BUCKET/PREFIX, a folder or a CSV file")

    def upload(self, left: Sequence[BatchImage]) -> None:
        """Upload the files among the images."""
        if any(image.path for image in left):
            with bars(self.console) as progress:
                report = _bar(progress, "uploading")
                sources.upload(self.clients["s3"], self.batch.bucket, self.batch.inputs, left, report)

    def read(self, images: Sequence[BatchImage], seen: set[str]) -> Iterator[BatchRow]:
        """The rows that all runs of the batch have made so far, except of files of results that were read before.

        Args:
            images: The images of interest. A transform job has an output for each image.
            seen: The files of results that were read. Others are read, and added.
        """
        s3 = self.clients["s3"]
        if self.batch.how == "map":
            keys = [key for key in mapped.results(s3, self.batch) if key not in seen]
            seen.update(keys)
            return mapped.read(s3, self.batch, keys)
        return transformed.read(s3, self.clients["logs"], self.batch, images)

    def turn(self) -> BatchTurn:
        """The number of the batch's next run, or its run that goes on."""
        if self.batch.how == "map":
            machine = self.deployed["state_machine_arn"]
            return mapped.turn(self.clients["s3"], self.clients["stepfunctions"], machine, self.batch)
        return transformed.turn(self.clients["sagemaker"], self.batch)

    def begin(self, left: Sequence[BatchImage], turn: BatchTurn) -> BatchStart:
        """Start the execution or the job, or find the one that somebody else has started meanwhile."""
        s3, number = self.clients["s3"], turn.number
        if self.batch.how == "map":
            machine = self.deployed["state_machine_arn"]
            return mapped.begin(s3, self.clients["stepfunctions"], machine, self.batch, left, number)
        model, instance = self.deployed["model_name"], self.deployed["transform_instance_type"]
        return transformed.begin(s3, self.clients["sagemaker"], model, instance, self.batch, left, number)

    def follow(self, started: str, total: int) -> str | None:
        """Follow an execution or a job with a progress bar. Returns why it has failed, or None if it has not."""
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
                    transformed.check_ended(s3, self.clients["logs"], self.batch, found)
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

    def plan(self, images: int) -> BatchPlan | None:
        """How long the images take and what they cost, with the rate of the last run if there is one. None for none."""
        from scones.cost import Prices
        from scones.cost import batch as costs
        from scones.cost.usage import configured

        if not images:
            return None
        rate = _rate(self.folder.parent, self.batch.how)
        found = costs.plan(
            images,
            how=self.batch.how,
            usage=configured(self.environment),
            prices=Prices.load(),
            images_per_second=rate,
            at_most=self.deployed["at_most"],
            instance_type=self.deployed["transform_instance_type"],
        )
        # The rate of a run here counts its start.
        return replace(found, seconds=images / rate) if rate else found


def _bar(progress: Any, what: str) -> Callable[[int, int], None]:
    bar = progress.add_task(what, total=None)

    def report(done: int, total: int) -> None:
        progress.update(bar, completed=done, total=total or None)

    return report


def _rate(folder: Path, how: str) -> float | None:
    """The images a second of the last run here that classified a hundred or more. None if there was none."""
    found = sorted(folder.glob("*/summary.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found:
        try:
            said = json.loads(path.read_text())
            if said["how"] == how and said["classified"] >= RATED and said["images_per_second"]:
                return float(said["images_per_second"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None
