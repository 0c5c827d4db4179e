"""``invoke evaluate``: how good a model is, through its endpoint or through its artifact right here.

Example::

    invoke evaluate --limit 50
    invoke evaluate --artifact build/model.tar.gz
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scones import settings
from scones.errors import InputError
from scones.steps import bars
from scones.tasks import options
from scones.tasks.cli import task
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
    help={
        "artifact": "let this model artifact answer instead: a model.tar.gz, the folder of its files, or s3://BUCKET/KEY",
        "limit": "send at most so many images, as evenly from all classes as can be",
        "dataset": "the data set's folder (default: build/dataset)",
        "out": "where the result is kept (default: build/evaluation.json)",
        "workers": f"how many requests are on their way at once (default: {WORKERS})",
        "env": ENV,
    }
)
def evaluate(
    context: Context,
    artifact: str | None = None,
    limit: str | None = None,
    dataset: str | None = None,
    out: str | None = None,
    workers: str | None = None,
    env: str | None = None,
) -> None:
    """Send the test split through the endpoint: accuracy, confusion matrix, and what each threshold would do.

    The requests are captured like any others, with the image's name as CustomAttributes. With --artifact, a model
    artifact answers right here: no endpoint is asked, and where it is a file no cloud is needed. All of it is kept in
    build/evaluation.json.

    invoke evaluate
    invoke evaluate --limit 50 --env dev
    invoke evaluate --artifact build/model.tar.gz
    """
    from rich.console import Console

    from scones.dataset import load
    from scones.model import evaluation

    environment = settings.load(env)
    found = load(Path(dataset).expanduser() if dataset else environment.build / "dataset")
    images = evaluation.pick(found.images("test"), options.whole_number(limit, "--limit"))
    console = Console()
    if artifact:
        if workers is not None:
            raise InputError("--workers is for an endpoint's requests: an artifact answers one image after another")
        result = _evaluate_artifact(environment, found, images, artifact, console)
    else:
        result = _evaluate_endpoint(environment, found, images, options.whole_number(workers, "--workers"), console)
    console.print(evaluation_tables(result, threshold=environment.service["confidence_threshold"]))
    path = result.write(Path(out).expanduser() if out else environment.build / "evaluation.json")
    console.print(f"\nkept in {shown(path)}", soft_wrap=True, highlight=False, markup=False)


def _evaluate_endpoint(
    environment: Environment, found: Dataset, images: list[LabelledImage], workers: int | None, console: Console
) -> Evaluation:
    from scones import aws
    from scones.model import evaluation, registry
    from scones.terraform import Stack

    pinned = registry.read_pin(environment.pin_path)
    evaluation.check_classes(found.classes, pinned.class_labels)
    endpoint = Stack(environment, "service").outputs()["endpoint_name"]
    with bars(console) as progress:
        return evaluation.evaluate(
            aws.client(environment, "sagemaker-runtime", max_connections=workers or WORKERS),
            endpoint,
            images,
            classes=found.classes,
            about={"model_package_arn": pinned.package_arn, "dataset_fingerprint": found.fingerprint},
            workers=workers or WORKERS,
            progress=progress,
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
