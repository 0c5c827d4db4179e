"""The common steps of tasks that start a job: prepare it, ask before it costs money, follow it to its end.

Example (not run: it needs a running cloud)::

    preparation = checked(environment, Order(options.pairs(set)), console)
    build(preparation, console)
    confirm(environment, "this starts a training job; AWS charges for it", console)
    job.start(environment, place(environment, preparation, console))
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from scones.errors import InputError
from scones.steps import bars

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


def build(preparation: Preparation, console: Console) -> None:
    """Build the data set if it is missing, and print its source."""
    from scones.dataset.view import announcement

    with bars(console) as progress:
        ensured = preparation.build(progress)
    console.print(announcement(ensured))


def place(environment: Environment, preparation: Preparation, console: Console) -> JobSpec:
    """Apply the foundation stack, upload the job's input, and print its address."""
    outputs = foundation(environment, console)
    with bars(console) as progress:
        spec = preparation.place(outputs, progress)
    console.print(f"data set is at {spec.dataset_uri}", soft_wrap=True)
    return spec


def foundation(environment: Environment, console: Console) -> dict[str, Any]:
    """Apply the foundation stack and return its outputs."""
    from scones.terraform import Stack

    log = environment.build / "logs" / f"terraform-{environment.name}-foundation.log"
    stack = Stack(environment, "foundation", log=log)
    with console.status(f"applying the foundation stack (terraform; {log})"):
        stack.apply()
    return stack.outputs()


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
        Exit: the job goes on by itself; exit code 130.
    """
    from invoke.exceptions import Exit

    with suppress(KeyboardInterrupt):
        return watch()
    with suppress(KeyboardInterrupt):
        if sys.stdin.isatty() and asked(question):
            stop()
            return watch()
    raise Exit(left, code=130)
