"""``invoke train``: from a data set to a model that is registered.

Example::

    invoke train --env dev --set epochs=30
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.errors import InputError
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.registry import register_job

if TYPE_CHECKING:
    from rich.console import Console

    from scones.settings import Environment

ENV = "the environment: a folder of terraform/environments; local where not given"


@task(
    iterable=["set"],
    help={
        "env": ENV,
        "set": "a hyperparameter of the algorithm, NAME=VALUE; may be given many times",
        "classes": "the classes in label order, with commas; the environment's (bicycle,motorcycle) where not given",
        "name": "the job's name; scones-ENV-DATE-TIME where not given",
        "attach": "follow this job, started before, instead of starting one",
        "register": "register the model once it is trained (--no-register: only train)",
        "yes": "do not ask before something that costs money is started",
    },
)
def train(context, env=None, set=None, classes=None, name=None, attach=None, register=True, yes=False):
    """Train a model on SageMaker, follow the job, and register what it made.

    The foundation stack is applied, and the data set built if there is none yet (as invoke etl does) and uploaded.
    Hyperparameters are the project's for small images, changed by the environment's and by --set; they are checked
    before anything is made. A model whose validation accuracy passes the environment's gate is approved and pinned.
    Ctrl-C asks whether to stop the job; one that goes on is followed again with --attach.

    invoke train
    invoke train --env dev --set epochs=30 --set learning_rate=0.05
    invoke train --env dev --attach scones-dev-20260101-120000
    """
    from rich.console import Console

    environment = settings.load(env)
    console = Console()
    useless = [option for option, value in (("--set", set), ("--classes", classes), ("--name", name)) if value]
    if attach and useless:
        raise InputError(
            f"--attach follows a job that has been started: {', '.join(useless)} would change nothing",
            hint="leave out the one or the other",
        )
    if not attach:
        attach = _start(environment, console, options.pairs(set), classes, name, yes)
        console.print(f"started training job [bold]{attach}[/bold]", soft_wrap=True)
    done = _follow(environment, attach, console).job
    metrics = ", ".join(f"{metric} {value:.3f}" for metric, value in sorted(done.metrics.items()))
    console.print(
        f"trained in {done.billable_seconds or 0} billable seconds: {metrics or 'no metrics'}", soft_wrap=True
    )
    if register:
        register_job(environment, attach, console)
    else:
        console.print(f"next: invoke register --job {attach} --env {environment.name}", soft_wrap=True)


def _start(
    environment: Environment,
    console: Console,
    overrides: dict[str, str],
    classes: str | None,
    name: str | None,
    yes: bool,
) -> str:
    """Everything up to the job's creation; the job's name."""
    from scones import aws, dataset
    from scones.dataset import labels, transfer
    from scones.tasks.data import announce, bars
    from scones.terraform import Stack
    from scones.training import job, request

    chosen_classes = labels.parse(classes) if classes else environment.classes
    if name is not None:
        request.check_name(name)
    request.check_instance_type(environment.training.instance_type)
    # Nobody waits for a data set to be told of a misspelt hyperparameter: how many images there are is seen later.
    request.hyperparameters(environment, classes=len(chosen_classes), samples=sys.maxsize, overrides=overrides)
    environment.endpoint_url()
    with bars(console) as progress:
        ensured = dataset.ensure(
            chosen_classes,
            environment.build / "dataset",
            cache=environment.build / "downloads",
            reuse=True,
            progress=progress,
        )
    announce(ensured, console)
    data = ensured.dataset
    chosen = request.hyperparameters(
        environment, classes=len(data.classes), samples=data.size("train"), overrides=overrides
    )
    if not yes:
        _confirm(environment, console)
    log = environment.build / "logs" / f"terraform-{environment.name}-foundation.log"
    stack = Stack(environment, "foundation", log=log)
    with console.status(f"applying the foundation stack (terraform; {log})"):
        stack.apply()
    outputs = stack.outputs()
    s3 = aws.client(environment, "s3", max_connections=transfer.THREADS)
    with bars(console) as progress:
        uri = dataset.upload(data, s3, outputs["bucket"], progress=progress)
    console.print(f"data set is at {uri}", soft_wrap=True)
    return job.start(
        environment, uri, chosen, bucket=outputs["bucket"], role_arn=outputs["training_role_arn"], name=name
    )


def _confirm(environment: Environment, console: Console) -> None:
    """Ask before AWS is used for money; a local cloud costs nothing.

    Raises:
        InputError: the answer is no, or nobody is there to answer.
    """
    if environment.cloud_path is not None:
        return
    what = (
        f"this starts a training job on {environment.training.instance_type} in {environment.region}, for at most "
        f"{environment.training.max_runtime_seconds // 60} minutes; AWS charges for it"
    )
    if not sys.stdin.isatty():
        raise InputError(what, hint="where nobody can answer, say so: --yes")
    console.print(what, soft_wrap=True)
    if not _asked("Go on?"):
        raise InputError("nothing was started")


def _follow(environment: Environment, name: str, console: Console) -> Any:
    """Follow a job to its end; on Ctrl-C, ask whether to stop it."""
    from invoke.exceptions import Exit

    from scones.training import job
    from scones.training.view import view

    def watch() -> Any:
        with view(console) as show:
            return job.follow(environment, name, show)

    with suppress(KeyboardInterrupt):
        return watch()
    with suppress(KeyboardInterrupt):
        if sys.stdin.isatty() and _asked("Stop the training job?"):
            job.stop(environment, name)
            return watch()
    again = f"invoke train --attach {name} --env {environment.name}"
    raise Exit(f"training job '{name}' goes on by itself; to follow it again: {again}", code=130)


def _asked(question: str) -> bool:
    """Whether a person says yes; no is the default, and what Ctrl-C and Ctrl-D mean."""
    from rich.prompt import Confirm

    try:
        return Confirm.ask(question, default=False)
    except (KeyboardInterrupt, EOFError):
        return False
