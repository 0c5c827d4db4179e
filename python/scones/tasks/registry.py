"""``invoke register``, ``models``, ``pin``: registers models, lists them, and chooses the one that Terraform deploys.

Example (not run: it needs an AWS account)::

    invoke register --job scones-dev-20260101-120000 --env dev
    invoke register --artifact s3://BUCKET/model.tar.gz --classes bicycle,motorcycle
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scones import settings
from scones.drawing import narrower
from scones.errors import InputError
from scones.steps import Waiting
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.models import RegisterResult, RegistryResult, calibration_error
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console

    from scones.model.registry import Version
    from scones.settings import Environment

ENV = "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)"


@task(
    result=RegisterResult,
    help={
        "job": "the name of a training job that has ended",
        "artifact": "a model from elsewhere: a model.tar.gz, the folder of its files, or s3://BUCKET/KEY",
        "classes": "with --artifact: the classes in its outputs' order, comma-separated (default: the data set's)",
        "dataset": "with --artifact: the data set to measure it on (default: build/dataset)",
        "calibrate": "calibrate its confidence on the validation images (--no-calibrate: register it as it is)",
        "env": ENV,
    },
)
def register(
    context: Context,
    job: str | None = None,
    artifact: str | None = None,
    classes: str | None = None,
    dataset: str | None = None,
    calibrate: bool = True,
    env: str | None = None,
) -> TaskAnswer:
    """Register a trained model. Approve and pin it if its validation accuracy passes the environment's gate.

    The model is calibrated on the validation images: its last layer is scaled by a temperature, so that its confidence
    matches its accuracy. The predicted classes stay the same, and serving it needs no change. A model from elsewhere is
    measured on the data set's validation images. Without a data set its accuracy is unknown, and it waits for approval.

    invoke register --job scones-dev-20260101-120000 --env dev
    invoke register --artifact model.tar.gz --classes bicycle,motorcycle
    """
    environment, console = settings.load(env), terminal()
    if (job is None) == (artifact is None):
        raise InputError(
            "a model to register is needed: either --job or --artifact",
            hint="invoke register --job NAME, or invoke register --artifact PATH",
        )
    if artifact is not None:
        made = _register_artifact(environment, artifact, classes, dataset, calibrate, console)
        return TaskAnswer(lambda: RegisterResult.of(environment.name, made, pinned_arn(environment)))
    assert job is not None, "one of the two is given"
    options.refuse_with(
        "--job", "registers a model whose data set is known", {"--classes": classes, "--dataset": dataset}
    )
    made = register_job(environment, job, console, calibrate=calibrate)
    return TaskAnswer(lambda: RegisterResult.of(environment.name, made, pinned_arn(environment)))


@task(result=RegistryResult, help={"env": ENV})
def models(context: Context, env: str | None = None) -> TaskAnswer:
    """List the registered versions, newest first, and mark the pinned one."""
    from scones.model import registry

    environment = settings.load(env)
    console = terminal()
    found = registry.versions(environment)
    pinned = pinned_arn(environment)

    def show() -> None:
        if found:
            console.print(_table(found, pinned))
            return
        console.print(f"no model is registered in environment '{environment.name}' yet")
        console.print(f"next: invoke train --env {environment.name}")

    return TaskAnswer(lambda: RegistryResult.of(environment.name, found, pinned), show)


def pinned_arn(environment: Environment) -> str | None:
    """The ARN of the pinned model package. None if no model is pinned."""
    from scones.errors import RegistryError
    from scones.model import registry

    try:
        return registry.read_pin(environment.pin_path).package_arn
    except RegistryError:
        return None


@task(
    result=RegisterResult,
    positional=["version"],
    help={"version": "the version's number, from invoke models", "approve": "approve the version first", "env": ENV},
)
def pin(context: Context, version: str, approve: bool = False, env: str | None = None) -> TaskAnswer:
    """Pin a registered version, so that Terraform deploys it: promote it, or roll back to it.

    A version that is pending approval needs --approve. A rejected version cannot be pinned. The artifact is checked
    against its registered SHA-256.

    invoke pin 3 --env dev
    """
    from scones.model import registry

    if not str(version).isdecimal():
        raise InputError(f"'{version}' is not a version's number", hint="invoke models lists them: 1, 2, …")
    environment = settings.load(env)
    with Waiting(terminal(), f"checking the artifact of version {version}"):
        pinned = registry.pin(environment, int(version), approve=approve)

    def show() -> None:
        console = terminal()
        console.print(f"version {pinned.version} is pinned in {environment.pin_path}")
        if calibration := registry.calibration_line(pinned):
            console.print(calibration, highlight=False)
        console.print(f"next: invoke tf.apply --env {environment.name}")

    return TaskAnswer(lambda: RegisterResult.of(environment.name, pinned, pinned.arn), show)


def register_job(environment: Environment, job: str, console: Console, *, calibrate: bool = True) -> Version:
    """Register a training job's model, and print the result."""
    from invoke.exceptions import Exit

    from scones.steps import bars
    from scones.training import registering

    try:
        with bars(console) as progress:
            progress.add_task("registering", total=None)
            version = registering.register(
                environment, job, calibrate=calibrate, progress=progress, warn=lambda text: _warn(console, text)
            )
    except KeyboardInterrupt:  # the training job has ended, so do not suggest to start another one
        again = f"invoke register --job {job} --env {environment.name}"
        raise Exit(f"the model of training job '{job}' is not registered; to register it: {again}", code=130) from None
    _say(environment, version, console)
    return version


def _register_artifact(
    environment: Environment, place: str, classes: str | None, folder: str | None, calibrate: bool, console: Console
) -> Version:
    from scones.dataset import labels
    from scones.model import registry
    from scones.steps import bars

    named = labels.parse(classes) if classes else None
    dataset = _dataset(environment, folder, named, console)
    named = named or (dataset.classes if dataset else environment.classes)
    with bars(console) as progress:
        progress.add_task("registering", total=None)
        version = registry.register_artifact(
            environment,
            registry.ForeignModel(place, named, dataset, calibrate),
            progress=progress,
            warn=lambda text: _warn(console, text),
        )
    console.print(f"classes, in the order of its outputs: {', '.join(named)}", soft_wrap=True, highlight=False)
    _say(environment, version, console)
    return version


def _dataset(environment: Environment, folder: str | None, named: tuple[str, ...] | None, console: Console) -> Any:
    """The data set in ``folder``, or the one in build/dataset if it has the named classes, or None."""
    from pathlib import Path

    from scones.dataset import load
    from scones.errors import DatasetError

    if folder:
        return load(Path(folder).expanduser())
    try:
        found = load(environment.build / "dataset")
    except DatasetError:
        return None
    if named is None or found.classes == named:
        return found
    _warn(console, f"the data set in {found.root} has other classes: {', '.join(found.classes)}")
    return None


def _say(environment: Environment, version: Any, console: Console) -> None:
    from scones.model import registry

    approved = version.status == "Approved"
    console.print(
        registry.verdict(environment, version), style="green" if approved else "yellow", soft_wrap=True, highlight=False
    )
    if approved:
        console.print(f"next: invoke tf.apply --env {environment.name}")


def _warn(console: Console, text: str) -> None:
    console.print(text, style="yellow", soft_wrap=True, highlight=False, markup=False)


def _table(found: list[Any], pinned: str | None) -> Any:
    """Versions as a table, newest first."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    colours = {"Approved": "green", "PendingManualApproval": "yellow", "Rejected": "red"}
    table = Table(
        box=SIMPLE,
        show_edge=False,
        padding=(0, 1, 0, 0),
        caption="accuracy and expected calibration error (ECE): on the validation images",
        caption_justify="left",
    )
    table.add_column("version", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("accuracy", justify="right", no_wrap=True)
    table.add_column("ECE", justify="right", no_wrap=True)
    for title in ("data set", "commit", "created"):  # with the longest status, 80 columns in all
        table.add_column(title, no_wrap=True)
    for version in found:
        model = version.model
        status = version.status + (", pinned" if version.arn == pinned else "")
        table.add_row(
            str(version.version),
            Text(status, style=colours.get(version.status, "")),
            "" if version.accuracy is None else f"{version.accuracy:.3f}",
            _error(model),
            model.dataset_fingerprint[:8] if model else "",
            _short(model.git_commit) if model else "",
            f"{version.created:%Y-%m-%d}",
        )
    return narrower(table, "commit", "data set", "ECE", "created")


def _error(model: Any) -> str:
    """The calibration error of the served model. Empty if it is unknown."""
    found = calibration_error(model)
    return "" if found is None else f"{found:.3f}"


def _short(commit: str) -> str:
    """A commit as git abbreviates it, with a plus if the files differed from it."""
    clean = commit.removesuffix("-dirty")
    return clean[:7] + ("+" if clean != commit else "")
