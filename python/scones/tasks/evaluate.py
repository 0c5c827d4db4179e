"""``invoke evaluate``: measures a model on the test split, through its endpoint or from its artifact.

Example (not run: it needs a running cloud)::

    invoke evaluate --limit 50
    invoke evaluate --artifact build/model.tar.gz
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scones import settings
from scones.errors import InputError
from scones.steps import bars
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.serving import EvaluateResult
from scones.tasks.terminal import terminal
from scones.tasks.views import evaluation_tables, shown

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console

    from scones.dataset import Dataset, LabelledImage
    from scones.model.evaluation import Evaluation
    from scones.settings import Environment

WORKERS = 8
ENV = "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)"


@task(
    result=EvaluateResult,
    help={
        "artifact": "evaluate this artifact instead: a model.tar.gz, the folder of its files, or s3://BUCKET/KEY",
        "limit": "send at most this many images, spread evenly over the classes",
        "dataset": "the data set's folder (default: build/dataset)",
        "out": "the result's file (default: build/evaluation.json); its page is written beside it",
        "workers": f"the number of parallel requests (default: {WORKERS})",
        "env": ENV,
    },
)
def evaluate(
    context: Context,
    artifact: str | None = None,
    limit: str | None = None,
    dataset: str | None = None,
    out: str | None = None,
    workers: str | None = None,
    env: str | None = None,
) -> TaskAnswer:
    """Send the test images to the endpoint, and show accuracy, confusion matrix and the effect of thresholds.

    The endpoint captures the requests as any others, with the image's name as CustomAttributes. With --artifact, the
    artifact runs on this machine instead; a local file needs no cloud. The result is kept in build/evaluation.json, and
    build/evaluation.html shows the wrong images, the most sure first.

    invoke evaluate
    invoke evaluate --limit 50 --env dev
    invoke evaluate --artifact build/model.tar.gz
    """
    from scones.dataset import load
    from scones.model import evaluation, evaluation_page

    environment = settings.load(env)
    path = options.file(out, "--out") if out else environment.build / "evaluation.json"
    found = load(Path(dataset).expanduser() if dataset else environment.build / "dataset")
    images = evaluation.pick(found.images("test"), options.whole_number(limit, "--limit"))
    console = terminal()
    if artifact:
        if workers is not None:
            raise InputError("--workers is for an endpoint's requests: an artifact answers one image after another")
        result = _evaluate_artifact(environment, found, images, artifact, console)
    else:
        result = _evaluate_endpoint(environment, found, images, options.whole_number(workers, "--workers"), console)
    threshold = environment.service["confidence_threshold"]
    result.write(path)
    page = evaluation_page.write(result, images, path.with_suffix(".html"), threshold=threshold)

    def show() -> None:
        console.print(evaluation_tables(result, threshold=threshold))
        console.print(f"\nkept in {shown(path)}", highlight=False, markup=False)
        console.print(f"the wrong images, the most sure first: {shown(page)}", highlight=False, markup=False)

    return TaskAnswer(lambda: EvaluateResult.of(result, threshold, str(path), str(page)), show)


def _evaluate_endpoint(
    environment: Environment, found: Dataset, images: list[LabelledImage], workers: int | None, console: Console
) -> Evaluation:
    from scones import aws
    from scones.model import evaluation, registry
    from scones.service.capture import registered, sent
    from scones.service.capture.labels import remember
    from scones.terraform import Stack

    pinned = registry.read_pin(environment.pin_path)
    evaluation.check_classes(found.classes, pinned.class_labels)
    endpoint = Stack(environment, "service").outputs()["endpoint_name"]
    served = registered.served(aws.client(environment, "sagemaker"), endpoint).get("AllTraffic", "")
    if served and served != pinned.package_arn:
        console.print(
            f"the endpoint serves version {served.rpartition('/')[2]}; version {pinned.version} is pinned and not "
            f"applied yet: invoke tf.apply --env {environment.name}",
            style="yellow",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )
    remember(environment.captures, found)  # for invoke capture, when another data set stands here
    clock = partial(datetime.now, UTC)
    with (
        sent.noting(environment.captures, endpoint, "invoke evaluate", clock) as answered,
        bars(console) as progress,
    ):
        return evaluation.evaluate(
            aws.client(environment, "sagemaker-runtime", max_connections=workers or WORKERS),
            endpoint,
            images,
            classes=found.classes,
            about={**({"model_package_arn": served} if served else {}), "dataset_fingerprint": found.fingerprint},
            workers=workers or WORKERS,
            progress=progress,
            on_answer=answered.append,
        )


def _evaluate_artifact(
    environment: Environment, found: Dataset, images: list[LabelledImage], place: str, console: Console
) -> Evaluation:
    from scones.model import artifacts, evaluation

    with bars(console) as progress:
        path = artifacts.fetch(environment, place, progress=progress)
        loading = progress.add_task("loading the artifact", total=None)
        from imageclassification.predictor import Predictor, one_image_at_a_time

        one_image_at_a_time()
        predictor = Predictor.load(path)
        progress.remove_task(loading)
        return evaluation.evaluate_artifact(
            predictor,
            images,
            classes=found.classes,
            about={"artifact": place, "dataset_fingerprint": found.fingerprint},
            progress=progress,
        )
