"""``invoke threshold``: proposes the confidence threshold for a target accuracy.

Example (not run: it needs a model artifact)::

    invoke threshold --target-accuracy 0.95
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.errors import InputError, SconesError
from scones.steps import Waiting
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.serving import ThresholdResult
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console

    from scones.settings import Environment


@task(
    result=ThresholdResult,
    help={
        "target-accuracy": "the accuracy of the answers above the threshold, 0 to 1",
        "artifact": "a model.tar.gz, the folder of its files, or s3://BUCKET/KEY (default: the pinned model's)",
        "dataset": "the data set with the validation images (default: build/dataset)",
        "out": "the chart's file (default: build/threshold/risk-coverage.png)",
        "write": "write the threshold to the environment's service.tfvars.json",
        "env": "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)",
    },
)
def threshold(
    context: Context,
    target_accuracy: str,
    artifact: str | None = None,
    dataset: str | None = None,
    out: str | None = None,
    write: bool = False,
    env: str | None = None,
) -> TaskAnswer:
    """Propose the confidence threshold for a target accuracy, and show the share of images it answers.

    The model runs on the data set's validation images on this machine, as it runs in the endpoint. With --artifact PATH
    no cloud is needed. The task shows Wilson's 95% interval, the effect of other thresholds, and a risk-coverage chart.
    Of a model with the class 'other', it also shows how many images of anything else pass: they count as wrong.
    Nothing is changed without --write. Exit code 1 if no threshold reaches the accuracy.

    invoke threshold --target-accuracy 0.95
    invoke threshold --target-accuracy 0.97 --artifact model.tar.gz --dataset build/dataset --write
    """
    from imageclassification import files
    from scones.dataset import load
    from scones.model import confidence
    from scones.model.confidence.chart import draw
    from scones.model.confidence.proposal import render
    from scones.model.confidence.setting import NAME, set_threshold
    from scones.tasks.views import shown

    target = options.share(target_accuracy, "--target-accuracy")
    environment, console = settings.load(env), terminal()
    path = options.file(out, "--out") if out else environment.build / "threshold" / "risk-coverage.png"
    found = load(Path(dataset).expanduser() if dataset else environment.build / "dataset")
    answers, subject = _answers(environment, artifact, found, console)
    current = environment.service[NAME]
    with Waiting(console, "drawing"):
        proposal = confidence.propose(answers, target)
        title = f"{subject}: {len(answers.labels)} validation images"
        files.write(path, draw(proposal, current=current, title=title))
    setting, value = environment.folder / "service.tfvars.json", proposal.found.threshold if proposal.found else None
    before = set_threshold(setting, value) if write and value is not None else None

    def show() -> None:
        console.print(render(proposal, current=current), highlight=False)
        console.print(f"picture: {shown(path)}", highlight=False, markup=False)
        if value is None:
            return
        if write:
            console.print(f"{NAME} in {shown(setting)}: {before}, now {value}", highlight=False)
        else:
            console.print(f'to use it, put "{NAME}": {value} into {shown(setting)} (--write does)')
        console.print(f"next: invoke tf.plan --env {environment.name} shows the change", highlight=False)

    best = proposal.best
    assert best.accuracy is not None, "draw() refuses a model of which no answer can pass"
    none = SconesError(
        f"no threshold reaches an accuracy of {target:g} on these {len(answers.labels)} images; the best is "
        f"{best.accuracy:.1%}, with threshold {best.threshold} and {best.share:.1%} of images answered",
        hint="ask for less, or train a better model: invoke tune",
    )
    written = str(setting) if write and value is not None else None
    document = ThresholdResult.of(proposal, current, written, str(path))
    return TaskAnswer(lambda: document, show, error=none if value is None else None)


def _answers(environment: Environment, place: str | None, dataset: Any, console: Console) -> tuple[Any, str]:
    """The model's answers to the data set's validation images, and the model's name."""
    from imageclassification import artifact as files
    from scones.dataset.labels import place_of_other
    from scones.model import artifacts, confidence, evaluation, registry
    from scones.steps import bars

    if place is None:
        pinned = registry.read_pin(environment.pin_path)
        evaluation.check_classes(dataset.classes, pinned.class_labels)
        place, subject = pinned.artifact_uri, f"version {pinned.version}"
        if pinned.dataset_fingerprint != dataset.fingerprint:
            console.print(
                f"version {pinned.version} was not trained on this data set; if these images include its training "
                "images, its accuracy is overstated",
                style="yellow",
            )
    else:
        subject = Path(place).name
    with bars(console) as progress:
        model = files.read(artifacts.fetch(environment, place, progress=progress))
        if model.num_classes != len(dataset.classes):
            raise InputError(
                f"{place} has {model.num_classes} classes; the data set in {dataset.root} has {len(dataset.classes)}",
                hint="give the data set of its classes: --dataset DIR",
            )
        found = confidence.ask(model, confidence.images_of(dataset), progress=progress)
        return replace(found, other=place_of_other(dataset.classes)), subject
