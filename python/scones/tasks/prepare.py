"""What is about a job that trains: the data set, the model to start from, consent, the foundation stack; its end.

Example::

    ready = prepare(environment, console, overrides, classes=None, recordio=False, model=None, consent=consent)
    job.start(environment, ready.dataset_uri, ready.chosen, bucket=ready.bucket, role_arn=ready.role_arn)
    to_its_end(watch, "Stop the training job?", stop, left="training job 'a' goes on by itself")
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from scones.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from imageclassification.hyperparameters import Hyperparameters
    from scones.dataset import Ensured
    from scones.settings import Environment
    from scones.training.request import Placement

Ended = TypeVar("Ended")

MANY = 1000  # classes, where it is not known yet how many there are


@dataclass(frozen=True)
class Ready:
    """What a job can be started with.

    Attributes:
        chosen: The hyperparameters.
        dataset_uri: Where the data set is, ``s3://BUCKET/datasets/<fingerprint>``.
        bucket: Where the model goes.
        role_arn: The role that a training job takes.
        model_uri: The model to start from; None to start from scratch.
        placement: The network that the job runs in, and the key of its model.
    """

    chosen: Hyperparameters
    dataset_uri: str
    bucket: str
    role_arn: str
    model_uri: str | None
    placement: Placement


def prepare(
    environment: Environment,
    console: Console,
    overrides: Mapping[str, str],
    *,
    classes: str | None,
    recordio: bool,
    model: str | None,
    consent: Callable[[], None],
    check: Callable[[Hyperparameters], None] = lambda chosen: None,
    recipe: Mapping[str, str] | None = None,
    ensure: Callable[[Progress], Ensured] | None = None,
) -> Ready:
    """Check what was asked for, and make what it takes.

    Args:
        overrides: Hyperparameters by name, as a person gave them.
        classes: The classes in label order, with commas; the environment's, if not given.
        recordio: Whether the data set's RecordIO files are wanted.
        model: A trained model to start from: a path, ``s3://BUCKET/KEY`` or a version.
        consent: Asks before something is made that may cost money; raises where it may not be.
        check: Raises where a job could not have these hyperparameters.
        recipe: What hyperparameters are unless set otherwise; the project's, for training from scratch or from a model.
        ensure: Has the data set, whose classes are seen only then; one of ``classes`` in ``build/dataset``, if not
            given.

    Raises:
        SconesError: something cannot be used, or cannot be made.
    """
    from imageclassification.hyperparameters import check_pretrained
    from scones import aws, dataset
    from scones.dataset import labels, transfer
    from scones.tasks.data import announce, bars
    from scones.training import request, starting
    from scones.training.recipe import FINE_TUNING, SMALL_IMAGES

    chosen_classes = labels.parse(classes) if classes else environment.classes
    request.check_instance_type(environment.training.instance_type)
    recipe = recipe or (FINE_TUNING if model else SMALL_IMAGES)
    if model:
        with bars(console) as progress:
            start = starting.find(environment, model, progress=progress)
        overrides = {**start.settings, **overrides}
    # Nobody waits for a data set to be told of a misspelt hyperparameter: how many images there are is seen later.
    chosen = request.hyperparameters(
        environment,
        classes=MANY if ensure else len(chosen_classes),
        samples=sys.maxsize,
        overrides=overrides,
        recipe=recipe,
    )
    check_pretrained(chosen, model_channel=bool(model))
    check(chosen)
    if model:
        from imageclassification import pretrained

        pretrained.check(start.artifact, chosen)
    environment.endpoint_url()
    with bars(console) as progress:
        ensured = (
            ensure(progress)
            if ensure
            else dataset.ensure(
                chosen_classes,
                environment.build / "dataset",
                cache=environment.build / "downloads",
                reuse=True,
                recordio=recordio,
                progress=progress,
            )
        )
    announce(ensured, console)
    data = ensured.dataset
    chosen = request.hyperparameters(
        environment, classes=len(data.classes), samples=data.size("train"), overrides=overrides, recipe=recipe
    )
    check(chosen)
    consent()
    outputs = foundation(environment, console)
    s3 = aws.client(environment, "s3", max_connections=transfer.THREADS)
    with bars(console) as progress:
        uri = dataset.upload(data, s3, outputs["bucket"], progress=progress)
    console.print(f"data set is at {uri}", soft_wrap=True)
    return Ready(
        chosen=chosen,
        dataset_uri=uri,
        bucket=outputs["bucket"],
        role_arn=outputs["training_role_arn"],
        model_uri=start.put(s3, outputs["bucket"]) if model else None,
        placement=request.Placement.of(outputs),
    )


def foundation(environment: Environment, console: Console) -> dict[str, Any]:
    """Apply the foundation stack; its outputs."""
    from scones.terraform import Stack

    log = environment.build / "logs" / f"terraform-{environment.name}-foundation.log"
    stack = Stack(environment, "foundation", log=log)
    with console.status(f"applying the foundation stack (terraform; {log})"):
        stack.apply()
    return stack.outputs()


def confirm(environment: Environment, what: str, console: Console) -> None:
    """Ask before AWS is used for money; a local cloud costs nothing.

    Args:
        what: What is about to be started, for a person to read.

    Raises:
        InputError: the answer is no, or nobody is there to answer.
    """
    if environment.cloud_path is not None:
        return
    if not sys.stdin.isatty():
        raise InputError(what, hint="where nobody can answer, say so: --yes")
    console.print(what, soft_wrap=True)
    if not asked("Go on?"):
        raise InputError("nothing was started")


def asked(question: str) -> bool:
    """Whether a person says yes; no is the default, and what Ctrl-C and Ctrl-D mean."""
    from rich.prompt import Confirm

    try:
        return Confirm.ask(question, default=False)
    except (KeyboardInterrupt, EOFError):
        return False


def to_its_end(watch: Callable[[], Ended], question: str, stop: Callable[[], None], *, left: str) -> Ended:
    """Follow a job to its end; Ctrl-C asks whether to stop it.

    Args:
        watch: Follows it; called again where it is stopped.
        question: Whether it shall be.
        stop: Asks the cloud to.
        left: What is said where it goes on by itself: how to follow it again.

    Raises:
        Exit: it goes on by itself; exit code 130.
    """
    from invoke.exceptions import Exit

    with suppress(KeyboardInterrupt):
        return watch()
    with suppress(KeyboardInterrupt):
        if sys.stdin.isatty() and asked(question):
            stop()
            return watch()
    raise Exit(left, code=130)
