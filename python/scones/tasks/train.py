"""``invoke train``: trains a model and registers it.

Example (not run: it needs an AWS account)::

    invoke train --env dev --set epochs=30
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.tasks import options, prepare
from scones.tasks.cli import task
from scones.tasks.registry import pinned_arn, register_job
from scones.tasks.results import TaskAnswer
from scones.tasks.results.models import TrainResult
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console

    from scones.settings import Environment
    from scones.training.described import DescribedJob
    from scones.training.preparing import Order

ENV = "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)"


@task(
    result=TrainResult,
    iterable=["set"],
    help={
        "env": ENV,
        "set": "a hyperparameter, NAME=VALUE; NAME= takes the algorithm's default; repeatable",
        "classes": "the classes in label order, comma-separated (default: build/dataset's, else the environment's)",
        **options.OTHER,
        "name": "the job's name (default: scones-ENV-DATE-TIME)",
        "recordio": "train on the data set's RecordIO files; they are made if they are missing",
        "model": "start from a model: a model.tar.gz, s3://BUCKET/KEY, a version, or MXNet's resnet-18-0000.params",
        "seen": "start also from weights that have seen the classes",
        "resume": "continue this failed or stopped job: a new job with its data, settings and checkpoints",
        "attach": "follow this existing job instead of starting one",
        "register": "register the trained model (--no-register: only train)",
        "yes": "start the job without asking, though AWS charges for it",
    },
)
def train(
    context: Context,
    env: str | None = None,
    set: list[str] | None = None,
    classes: str | None = None,
    name: str | None = None,
    recordio: bool = False,
    model: str | None = None,
    seen: bool = False,
    resume: str | None = None,
    attach: str | None = None,
    register: bool = True,
    yes: bool = False,
    other: bool = False,
    no_other: bool = False,
    other_folder: str | None = None,
) -> TaskAnswer:
    """Train a model as a SageMaker training job, follow the job, and register the model.

    The task trains on the data set that stands in build/dataset, with its classes, and says what it is. If none stands,
    it builds one, as invoke etl does. It applies the foundation stack and uploads the data set. The hyperparameters are
    the project's recipe for small images, changed by the environment's and by --set. They are checked before anything
    is created. A model whose validation accuracy passes the environment's gate is approved and pinned.

    With --other, a data set that is built gets a class of images that are of none of the classes: the model refuses
    those. A data set that stands must have it then.

    With use_pretrained_model=1, training starts from the container's own weights, with a new last layer: on AWS those
    of ImageNet, for 3,224,224; on this machine those of CIFAR-100's other 98 classes. With --model, it starts from that
    model's weights. Other classes need use_pretrained_model=1. Weights that have seen the classes are refused, except
    with --seen. Ctrl-C asks whether to stop the job. --attach follows a running job again. --resume continues a failed
    or stopped job from its last checkpoint; every epoch writes one.

    invoke train
    invoke train --other
    invoke train --env dev --set epochs=30 --set learning_rate=0.05
    invoke train --model 3 --classes bus,train --set use_pretrained_model=1
    invoke train --env dev --attach scones-dev-20260101-120000
    invoke train --env dev --resume scones-dev-20260101-120000
    """
    from scones.dataset import labels
    from scones.training.preparing import Order

    environment = settings.load(env)
    console = terminal()
    settled = {"--set": set, "--classes": classes, "--recordio": recordio, "--model": model, "--seen": seen}
    settled |= {"--other": other, "--no-other": no_other, "--other-folder": other_folder}

    def order() -> Order:
        return Order(
            options.pairs(set),
            classes=labels.parse(classes) if classes else None,
            recordio=recordio,
            model=model,
            seen=seen,
            other=options.other(other, no_other, other_folder),
        )

    attach = begun(environment, console, order, settled, attach=attach, resume=resume, name=name, yes=yes)
    done, version = follow(environment, attach, console), None
    if register:
        version = register_job(environment, attach, console)
    else:
        console.print(f"next: invoke register --job {attach} --env {environment.name}", soft_wrap=True)
    return TaskAnswer(lambda: TrainResult.of(environment.name, done, version, pinned_arn(environment)))


def begun(
    environment: Environment,
    console: Console,
    order: Callable[[], Order],
    settled: Mapping[str, object],
    *,
    attach: str | None,
    resume: str | None,
    name: str | None,
    yes: bool,
) -> str:
    """The name of the job to follow: one that was started before, the continuation of another, or a new one.

    Args:
        order: What a new job is to be. It is called only for one.
        settled: The options that only a new job takes, with their values.
    """
    if attach:
        options.refuse_with(
            "--attach", "follows a job that has been started", {**settled, "--name": name, "--resume": resume}
        )
        return attach
    if resume:
        options.refuse_with("--resume", "continues a job with its own settings", settled)
        started = resumed(environment, console, resume, name, yes)
    else:
        started = start(environment, order(), console, name=name, yes=yes)
    console.print(f"started training job [bold]{started}[/bold]", soft_wrap=True)
    return started


def start(environment: Environment, order: Order, console: Console, *, name: str | None, yes: bool) -> str:
    """Prepare and start the job. Returns its name."""
    from scones.training import job, request

    if name is not None:
        request.check_name(name)
    preparation = prepare.checked(environment, order, console)
    prepare.ask_quota(environment, console)
    prepare.build(preparation, console)
    if not yes:
        confirm(environment, console)
    with prepare.place(environment, preparation, console) as spec:
        return job.start(environment, spec, name=name)


def resumed(environment: Environment, console: Console, ended: str, name: str | None, yes: bool) -> str:
    """Start a job that continues a failed or stopped one. Returns the new job's name."""
    from imageclassification.hyperparameters import parse
    from scones.training import job, request
    from scones.training.spec import JobSpec

    if name is not None:
        request.check_name(name)
    request.check_instance_type(environment.training.instance_type)
    before = job.resumable(environment, ended)
    prepare.ask_quota(environment, console)
    if not yes:
        confirm(environment, console)
    with prepare.foundation(environment, console) as outputs:
        spec = JobSpec.within(
            outputs,
            dataset_uri=before.dataset_uri,
            hyperparameters=parse(before.hyperparameters),
            recordio=before.recordio,
            model_uri=before.model_uri,
            checkpoint_uri=before.checkpoint_uri,
        )
        return job.start(environment, spec, name=name)


def confirm(environment: Environment, console: Console) -> None:
    """Ask before a training job starts that costs money.

    Raises:
        InputError: the answer is no, or there is no terminal to ask on.
    """
    what = (
        f"this starts a training job on {environment.training.instance_type} in {environment.region}, for at most "
        f"{environment.training.max_runtime_seconds // 60} minutes; AWS charges for it"
    )
    prepare.confirm(environment, what, console)


def follow(environment: Environment, name: str, console: Console, *, task: str = "invoke train") -> DescribedJob:
    """Follow a job to its end, print its metrics, and return its description. On Ctrl-C, ask whether to stop it.

    Args:
        task: The task that follows the job again, for the message.
    """
    from scones.training import job
    from scones.training.view import view

    def watch() -> Any:
        with view(console) as show:
            return job.follow(environment, name, show)

    again = f"{task} --attach {name} --env {environment.name}"
    done = prepare.to_its_end(
        watch,
        "Stop the training job?",
        lambda: job.stop(environment, name),
        left=f"training job '{name}' goes on by itself; to follow it again: {again}",
    ).job
    metrics = ", ".join(f"{metric} {value:.3f}" for metric, value in sorted(done.metrics.items()))
    console.print(
        f"trained in {done.billable_seconds or 0} billable seconds: {metrics or 'no metrics'}", soft_wrap=True
    )
    return done
