"""``invoke train``: from a data set to a model that is registered.

Example::

    invoke train --env dev --set epochs=30
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scones import settings
from scones.errors import InputError
from scones.tasks import options, prepare
from scones.tasks.cli import task
from scones.tasks.registry import register_job

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console

    from scones.settings import Environment
    from scones.training.described import DescribedJob
    from scones.training.preparing import Order

ENV = "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)"


@task(
    iterable=["set"],
    help={
        "env": ENV,
        "set": "a hyperparameter, NAME=VALUE (NAME= for the algorithm's own default); may be given many times",
        "classes": "the classes in label order, with commas (default: the environment's (bicycle,motorcycle))",
        "name": "the job's name (default: scones-ENV-DATE-TIME)",
        "recordio": "train on the data set's RecordIO files, which are made if need be (as invoke etl --recordio does)",
        "model": "start from a trained model: a model.tar.gz, s3://BUCKET/KEY, or a version that invoke models lists",
        "resume": "go on where this job ended before its time: a new job with its data, settings and checkpoints",
        "attach": "follow this job, started before, instead of starting one",
        "register": "register the model once it is trained (--no-register: only train)",
        "yes": "do not ask before something that costs money is started",
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
    resume: str | None = None,
    attach: str | None = None,
    register: bool = True,
    yes: bool = False,
) -> None:
    """Train a model on SageMaker, follow the job, and register what it made.

    The foundation stack is applied, and the data set built if there is none yet (as invoke etl does) and uploaded.
    Hyperparameters are the project's for small images, changed by the environment's and by --set; they are checked
    before anything is made. A model whose validation accuracy passes the environment's gate is approved and pinned.
    With --model, training goes on from that model's weights (the same classes, or others with use_pretrained_model=1).
    Ctrl-C asks whether to stop the job; one that goes on is followed again with --attach. A job that failed or was
    stopped is gone on with by --resume: every epoch leaves a checkpoint.

    invoke train
    invoke train --env dev --set epochs=30 --set learning_rate=0.05
    invoke train --model 3 --classes bus,train --set use_pretrained_model=1
    invoke train --env dev --attach scones-dev-20260101-120000
    invoke train --env dev --resume scones-dev-20260101-120000
    """
    from rich.console import Console

    from scones.dataset import labels
    from scones.training.preparing import Order

    environment = settings.load(env)
    console = Console()
    settled = {"--set": set, "--classes": classes, "--recordio": recordio, "--model": model}
    if attach:
        _refuse_with("--attach", "follows a job that has been started", {**settled, "--name": name, "--resume": resume})
    else:
        if resume:
            _refuse_with("--resume", "goes on with a job as it was begun", settled)
            attach = _resume(environment, console, resume, name, yes)
        else:
            order = Order(
                options.pairs(set), classes=labels.parse(classes) if classes else None, recordio=recordio, model=model
            )
            attach = start(environment, order, console, name=name, yes=yes)
        console.print(f"started training job [bold]{attach}[/bold]", soft_wrap=True)
    follow(environment, attach, console)
    if register:
        register_job(environment, attach, console)
    else:
        console.print(f"next: invoke register --job {attach} --env {environment.name}", soft_wrap=True)


def _refuse_with(option: str, does: str, others: dict[str, Any]) -> None:
    useless = [other for other, value in others.items() if value]
    if useless:
        raise InputError(
            f"{option} {does}: {', '.join(useless)} would change nothing", hint="leave out the one or the other"
        )


def start(environment: Environment, order: Order, console: Console, *, name: str | None, yes: bool) -> str:
    """Everything up to the job's creation; the job's name."""
    from scones.training import job, request

    if name is not None:
        request.check_name(name)
    preparation = prepare.checked(environment, order, console)
    prepare.build(preparation, console)
    if not yes:
        confirm(environment, console)
    return job.start(environment, prepare.place(environment, preparation, console), name=name)


def _resume(environment: Environment, console: Console, ended: str, name: str | None, yes: bool) -> str:
    """Start a job that goes on with one that ended before its time; the new job's name."""
    from imageclassification.hyperparameters import parse
    from scones.training import job, request
    from scones.training.spec import JobSpec

    if name is not None:
        request.check_name(name)
    request.check_instance_type(environment.training.instance_type)
    before = job.resumable(environment, ended)
    if not yes:
        confirm(environment, console)
    spec = JobSpec.within(
        prepare.foundation(environment, console),
        dataset_uri=before.dataset_uri,
        hyperparameters=parse(before.hyperparameters),
        recordio=before.recordio,
        model_uri=before.model_uri,
        checkpoint_uri=before.checkpoint_uri,
    )
    return job.start(environment, spec, name=name)


def confirm(environment: Environment, console: Console) -> None:
    """Ask before AWS is used for money.

    Raises:
        InputError: the answer is no, or nobody is there to answer.
    """
    what = (
        f"this starts a training job on {environment.training.instance_type} in {environment.region}, for at most "
        f"{environment.training.max_runtime_seconds // 60} minutes; AWS charges for it"
    )
    prepare.confirm(environment, what, console)


def follow(environment: Environment, name: str, console: Console) -> DescribedJob:
    """Follow a job to its end, and say how good it is; on Ctrl-C, ask whether to stop it. What it came to."""
    from scones.training import job
    from scones.training.view import view

    def watch() -> Any:
        with view(console) as show:
            return job.follow(environment, name, show)

    again = f"invoke train --attach {name} --env {environment.name}"
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
