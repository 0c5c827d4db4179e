"""``invoke execute`` and ``invoke capture``: runs the state machine, and reports captured traffic.

Example (not run: it needs a running cloud)::

    invoke execute --image bicycle.jpg --threshold 0.9
    invoke capture --since 7d
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.errors import InputError, SconesError
from scones.s3 import is_uri
from scones.steps import Waiting, bars
from scones.tasks import options
from scones.tasks.captured import fetch, labels_in
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.serving import CaptureResult, ExecuteResult
from scones.tasks.terminal import terminal
from scones.tasks.views import captured_table, combined_exit_code, outcome_lines, shown, state_line, summary_table

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console

    from scones.service.capture.sent import ToCome
    from scones.service.workflow import ImageRun, StateRun
    from scones.settings import Environment

WORKERS = 8
ROWS = 24
SHOWN_BROKEN = 5
ENVIRONMENT = "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)"


@task(
    result=ExecuteResult,
    iterable=["image"],
    help={
        "image": "a picture, a folder of them, or s3://BUCKET/KEY; repeatable",
        "threshold": "the least confidence that passes, 0 to 1 (default: the environment's)",
        "workers": f"the number of parallel executions (default: {WORKERS})",
        "env": ENVIRONMENT,
    },
)
def execute(
    context: Context, image: list[str], threshold: str | None = None, workers: str | None = None, env: str | None = None
) -> TaskAnswer:
    """Run the state machine on an image, and show its states and its result.

    Local files are uploaded first, to images/<digest>/<name>. The endpoint takes PNG and JPEG: WebP, GIF, TIFF, BMP and
    HEIC are converted. What a folder holds beside pictures is counted and named. Exit code 0 if all images passed, 3 if
    the only failures are low confidence, 1 otherwise.

    invoke execute --image bicycle.jpg
    invoke execute --image s3://BUCKET/KEY --threshold 0.95
    invoke execute --image photos --image more/one.png --env dev
    """
    from scones.service import workflow
    from scones.service.capture import sent

    environment = settings.load(env)
    console = terminal()
    images = workflow.images_of(
        image, lambda text: console.print(text, style="yellow", soft_wrap=True, highlight=False, markup=False)
    )
    if not images:
        raise InputError("no image is given", hint="invoke execute --image PATH (a file, a folder or s3://BUCKET/KEY)")
    at = None if threshold is None else workflow.check_threshold(options.number(threshold, "--threshold"))
    at_once = options.whole_number(workers, "--workers", default=WORKERS)
    deployed = _deployed(environment, uploads=not all(is_uri(one) for one in images), connections=at_once)
    clock = partial(datetime.now, UTC)
    with sent.noting(environment.captures, deployed.endpoint, "invoke execute", clock) as answered:
        runs = execute_images(console, replace(deployed, answered=answered), images, threshold=at, workers=at_once)
    return TaskAnswer(
        lambda: ExecuteResult.of(environment.name, runs),
        show=lambda: show_runs(console, runs),
        code=combined_exit_code(run.exit_code for run in runs),
    )


@task(
    result=CaptureResult,
    help={
        "since": "the first time (UTC) or an age: 2026-11-22, 2026-11-22T09:30, 12h (default: 30d)",
        "until": "the last time; a day includes all its hours (default: now)",
        "from": "read a folder of captured .jsonl files instead, with its subfolders; nothing is downloaded",
        "classes": "the class names in label order, for answers of which the model is not known (comma-separated)",
        "dataset": "the data set with the labels of the test images (default: build/dataset)",
        "wait": "wait until all requests that this checkout has sent are captured, up to 15 minutes",
        "threshold": "the threshold to draw and to count by (default: the environment's confidence_threshold)",
        "endpoint": "the endpoint's name (default: the service stack's)",
        "rows": f"the number of least sure images to show (default: {ROWS})",
        "out": "the report's folder (default: build/report)",
        "env": ENVIRONMENT,
    },
)
def capture(
    context: Context,
    since: str | None = None,
    until: str | None = None,
    from_: str | None = None,
    classes: str | None = None,
    dataset: str | None = None,
    threshold: str | None = None,
    endpoint: str | None = None,
    wait: bool = False,
    rows: str | None = None,
    out: str | None = None,
    env: str | None = None,
) -> TaskAnswer:
    """Download the endpoint's captured traffic, and write a report to build/report/index.html.

    Only the period's hours are listed, and only new files are downloaded, to build/captures/<environment>. Each request
    counts for the model that answered it, with that model's class names. An answer is right or wrong where the image is
    one of the data set's test images. Lines that cannot be read are counted and shown.

    invoke capture
    invoke capture --wait
    invoke capture --since 2026-11-01 --until 2026-11-07 --env prod
    invoke capture --from some/folder --classes bicycle,motorcycle
    """
    from scones import aws
    from scones.service import capture as captured
    from scones.service.capture import period as periods
    from scones.terraform import Stack

    if from_:
        others = {"--endpoint": endpoint, "--wait": wait or None}
        options.refuse_with("--from", "reads a folder instead of an endpoint's captures", others)
    environment = settings.load(env)
    period = periods.parse(since or (None if from_ else "30d"), until)
    line = environment.service["confidence_threshold"] if threshold is None else options.share(threshold, "--threshold")
    count = options.whole_number(rows, "--rows", default=ROWS)
    report = options.folder(out, "--out") if out else environment.build / "report"
    names = options.names(classes)
    console = terminal()
    coming: Sequence[ToCome] = ()
    if from_:
        folder = Path(from_).expanduser()
        subject = folder.resolve().name
        with Waiting(console, "reading"):
            found = captured.read(folder, period, captured.recalled(folder, names))
        if not found.events:
            raise nothing_in(folder, found, period)
    else:
        outputs = Stack(environment, "service").outputs()
        clients = {"s3": aws.client(environment, "s3", max_connections=WORKERS)}
        clients["sagemaker"] = aws.client(environment, "sagemaker")
        subject = endpoint or outputs["endpoint_name"]
        found, coming = fetch(
            console, environment, clients, outputs, period, endpoint=endpoint, classes=names, wait=wait
        )
    with Waiting(console, "drawing"):
        labels = labels_in(environment, dataset)
        page = captured.report.write(
            found,
            report,
            threshold=line,
            labels=labels,
            subject=subject,
            notes=[*([f"asked for: {period}"] if since or until or not from_ else []), *map(str, coming)],
            rows=count,
        )
    traffic = captured.analysis.by_model(found.events, threshold=line, labels=labels)

    def show() -> None:
        console.print(captured_table(traffic))
        for one in found.broken[:SHOWN_BROKEN]:
            console.print(f"broken line: {one}", style="yellow", markup=False, highlight=False)
        if len(found.broken) > SHOWN_BROKEN:
            console.print(f"… and {len(found.broken) - SHOWN_BROKEN:,} more broken lines; report.json lists all")
        now = captured.analysis.current(traffic)
        for said in (captured.analysis.right_sentence(now), captured.analysis.pass_sentence(now)):
            console.print(said[:1].upper() + said[1:], highlight=False, markup=False)
        console.print(f"report: {shown(page)}", highlight=False, markup=False)
        for missing in coming:
            hint = "" if missing.late or wait else ": AWS writes captures late; to wait for them: invoke capture --wait"
            console.print(f"{missing}{hint}", style="yellow", highlight=False, markup=False)

    still = any(not one.late for one in coming)
    return TaskAnswer(
        lambda: CaptureResult.of(subject, found, traffic, coming, str(page)), show, code=int(wait and still)
    )


@dataclass(frozen=True)
class Deployed:
    """What executions need of the applied stacks.

    Attributes:
        machine: The state machine's ARN.
        bucket: The bucket for local images. It may be empty if all images are in S3.
        s3: A boto3 S3 client.
        sfn: A boto3 Step Functions client.
        endpoint: The endpoint's name.
        answered: Receives the InferenceId of each request that the endpoint has answered.
    """

    machine: str
    bucket: str
    s3: Any
    sfn: Any
    endpoint: str = ""
    answered: list[str] = field(default_factory=list)

    def note(self, run: ImageRun) -> None:
        """Note an execution's request, whose InferenceId is the execution's name, if the endpoint has answered it."""
        from scones.service.workflow import PASSED, REFUSED

        if run.outcome and run.exit_code in (PASSED, REFUSED):
            self.answered.append(run.outcome.arn.rpartition(":")[2])


def execute_images(
    console: Console, deployed: Deployed, images: Sequence[str], *, threshold: float | None = None, workers: int = 1
) -> list[ImageRun]:
    """Execute the state machine on images, and show how that goes on: of one image its states, of many a bar.

    Args:
        images: Local paths and ``s3://`` URLs.
        threshold: 0 to 1. None uses the threshold that the function is configured with.
        workers: The number of executions that run at once.

    Returns:
        What became of each image.
    """
    from scones.service import workflow

    if len(images) == 1:
        return [_execute_one(console, deployed, images[0], threshold)]
    with bars(console) as progress:
        bar = progress.add_task("executing", total=len(images))

        def on_done(run: ImageRun) -> None:
            deployed.note(run)
            progress.advance(bar)

        return workflow.run_many(
            deployed.s3,
            deployed.sfn,
            deployed.bucket,
            deployed.machine,
            images,
            threshold,
            workers=workers,
            on_done=on_done,
        )


def show_runs(console: Console, runs: Sequence[ImageRun]) -> None:
    """Show what became of the images: of one image in lines, of many in a table."""
    if len(runs) == 1 and runs[0].outcome:
        console.print(outcome_lines(runs[0].outcome, runs[0].image), highlight=False)
    else:
        console.print(summary_table(runs))


def nothing_in(folder: Path, found: Any, period: Any) -> SconesError:
    """The error for a folder without a captured event in the period."""
    return InputError(
        f"{folder} holds no captured event {period}: {found.files} files, {found.outside} events at other times, "
        f"{len(found.broken)} broken lines" + (f", the first: {found.broken[0]}" if found.broken else ""),
        hint="give another --since or --until" if found.outside else "is it a folder that SageMaker captured into?",
    )


def _deployed(environment: Environment, *, uploads: bool, connections: int) -> Deployed:
    """The environment's applied stacks. The foundation is read only for uploads."""
    from scones import aws
    from scones.terraform import Stack

    outputs = Stack(environment, "service").outputs()
    return Deployed(
        machine=outputs["state_machine_arn"],
        endpoint=outputs["endpoint_name"],
        bucket=Stack(environment, "foundation").outputs()["bucket"] if uploads else "",
        s3=aws.client(environment, "s3", max_connections=connections),
        sfn=aws.client(environment, "stepfunctions", max_connections=connections),
    )


def _execute_one(console: Console, deployed: Deployed, image: str, threshold: float | None) -> ImageRun:
    from scones.service import workflow

    url = image if is_uri(image) else workflow.upload(deployed.s3, deployed.bucket, Path(image))
    execution = workflow.start(deployed.sfn, deployed.machine, url, threshold)
    console.print(f"{execution.name}: {url}", style="dim", markup=False, highlight=False)
    with Waiting(console, "starting") as status:

        def on_state(state: StateRun) -> None:
            if state.status == "running":
                status.update(state.name)
            elif state.kind == "Task":
                console.print(state_line(state), highlight=False)

        run = workflow.ImageRun(image, outcome=workflow.follow(deployed.sfn, execution.arn, on_state))
    deployed.note(run)
    return run
