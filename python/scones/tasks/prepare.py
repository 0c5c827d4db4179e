"""The common steps of tasks that start a job: prepare it, ask before it costs money, follow it to its end.

Example (not run: it needs a running cloud)::

    preparation = checked(environment, Order(options.pairs(set)), console)
    ask_quota(environment, console)
    build(preparation, console)
    confirm(environment, "this starts a training job; AWS charges for it", console)
    with place(environment, preparation, console) as spec:
        job.start(environment, spec)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from scones.errors import InputError, SconesError, StoppedError
from scones.steps import Waiting, bars

if TYPE_CHECKING:
    from rich.console import Console

    from scones.settings import Environment
    from scones.training.preparing import Order, Preparation
    from scones.training.spec import JobSpec

Ended = TypeVar("Ended")


def checked(environment: Environment, order: Order, console: Console) -> Preparation:
    """Check an order before anything is created. A model to start from is downloaded for the check."""
    from scones.training.preparing import Preparation

    with bars(console) as progress:
        return Preparation(environment, order, progress=progress)


def ask_quota(environment: Environment, console: Console, *, jobs: int = 1) -> None:
    """Ask Service Quotas before anything is made. If it cannot be asked, this is printed, and the task goes on.

    Args:
        jobs: The number of training jobs at a time.

    Raises:
        TrainingError: the quota is too low.
        LocalCloudError: the environment's local cloud is not running.
    """
    from scones.training import quota

    if doubt := quota.check(environment, jobs=jobs):
        console.print(doubt, markup=False, soft_wrap=True)


def build(preparation: Preparation, console: Console) -> None:
    """Build the data set if it is missing, and print its source."""
    from scones.dataset.view import announcement

    with bars(console) as progress:
        ensured = preparation.build(progress)
    console.print(announcement(ensured), soft_wrap=False)  # it has a border
    if preparation.beginning:
        console.print(preparation.beginning, soft_wrap=True, highlight=False, markup=False)
    if preparation.adapted:
        values = ", ".join(f"{name} {value}" for name, value in sorted(preparation.adapted.items()))
        found = ensured.dataset
        console.print(
            f"adapted to {found.size('train')} training images of {found.side} x {found.side} pixels: {values}",
            soft_wrap=True,
            highlight=False,
        )


@contextmanager
def place(environment: Environment, preparation: Preparation, console: Console) -> Iterator[JobSpec]:
    """Apply the foundation stack (:func:`foundation`), upload the job's input, and print its address."""
    with foundation(environment, console) as outputs:
        with bars(console) as progress:
            spec = preparation.place(outputs, progress)
        console.print(f"data set is at {spec.dataset_uri}", soft_wrap=True)
        yield spec


@contextmanager
def foundation(environment: Environment, console: Console) -> Iterator[dict[str, Any]]:
    """Apply the foundation stack, and give its outputs. The block may run before S3's lifecycle rules are applied.

    If they cannot be applied, this is printed after the block, because the block has started a job.
    """
    from scones.terraform import Stack, apply_ahead

    log = environment.build / "logs" / f"terraform-{environment.name}-foundation.log"
    stack = Stack(environment, "foundation", log=log)
    with Waiting(console, f"applying the foundation stack (terraform; {log})"):
        rest = apply_ahead(stack)
    _limit_logs(environment, console)
    try:
        yield stack.outputs()
    finally:
        try:
            with Waiting(console, f"applying the rest of the foundation: rules for old objects (terraform; {log})"):
                rest()
        except SconesError as error:
            console.print(
                f"the rules for old objects were not applied: {error.message}\n"
                f"apply them with: invoke tf.apply --env {environment.name} --stack foundation",
                markup=False,
                soft_wrap=True,
            )


def _limit_logs(environment: Environment, console: Console) -> None:
    """Give the log group of training jobs a retention, if it has none. If that is refused, this is printed."""
    from botocore.exceptions import ClientError

    from scones import aws
    from scones.training import logs

    try:
        logs.limit(aws.client(environment, "logs"), environment.service.get("log_retention_days", logs.KEPT_DAYS))
    except ClientError as error:
        console.print(f"the lines of log group {logs.GROUP} are kept for ever: {error}", markup=False, soft_wrap=True)


def confirm(environment: Environment, what: str, console: Console) -> None:
    """Ask for confirmation, if the environment costs money.

    Args:
        what: The job that is about to start and its cost, for people.

    Raises:
        InputError: the answer is no, or there is no terminal to ask on.
    """
    if not environment.costs_money:
        return
    if not sys.stdin.isatty():
        raise InputError(what, hint="there is no terminal to ask on; to start it without asking: --yes")
    console.print(what, soft_wrap=True)
    if not asked("Go on?"):
        raise InputError("nothing was started")


def asked(question: str) -> bool:
    """Ask a yes-or-no question. The default is no, and Ctrl-C and Ctrl-D mean no."""
    from rich.prompt import Confirm

    try:
        return Confirm.ask(question, default=False)
    except (KeyboardInterrupt, EOFError):
        return False


def to_its_end(watch: Callable[[], Ended], question: str, stop: Callable[[], None], *, left: str) -> Ended:
    """Follow a job to its end. On Ctrl-C, ask whether to stop it.

    Args:
        watch: Follows the job. It is called again after a stop.
        question: The question on Ctrl-C.
        stop: Stops the job.
        left: The message if the job goes on by itself: how to follow it again.

    Raises:
        Exit: the job goes on by itself; exit code 130. Or someone stopped it, which is no error; exit code 0.
    """
    from botocore.exceptions import BotoCoreError
    from invoke.exceptions import Exit

    try:
        with suppress(KeyboardInterrupt):
            return watch()
        with suppress(KeyboardInterrupt):
            if sys.stdin.isatty() and asked(question):
                stop()
                return watch()
    except StoppedError as stopped:
        raise Exit(str(stopped), code=0) from None
    except BotoCoreError as error:  # the cloud no longer answers
        error.add_note(left)
        raise
    raise Exit(left, code=130)
