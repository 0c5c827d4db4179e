"""What the tasks that start a job share: they get it ready, ask before it costs money, and follow it to its end.

Example::

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
    """Check an order before anything is made; a model to start from is downloaded for it."""
    from scones.training.preparing import Preparation

    with bars(console) as progress:
        return Preparation(environment, order, progress=progress)


def build(preparation: Preparation, console: Console) -> None:
    """Have the data set, and say which images these are."""
    from scones.dataset.view import announcement

    with bars(console) as progress:
        ensured = preparation.build(progress)
    console.print(announcement(ensured))


def place(environment: Environment, preparation: Preparation, console: Console) -> JobSpec:
    """Apply the foundation, upload what the job reads, and say where that is."""
    outputs = foundation(environment, console)
    with bars(console) as progress:
        spec = preparation.place(outputs, progress)
    console.print(f"data set is at {spec.dataset_uri}", soft_wrap=True)
    return spec


def foundation(environment: Environment, console: Console) -> dict[str, Any]:
    """Apply the foundation stack; its outputs."""
    from scones.terraform import Stack

    log = environment.build / "logs" / f"terraform-{environment.name}-foundation.log"
    stack = Stack(environment, "foundation", log=log)
    with console.status(f"applying the foundation stack (terraform; {log})"):
        stack.apply()
    return stack.outputs()


def confirm(environment: Environment, what: str, console: Console) -> None:
    """Ask before money is spent, where the environment costs any.

    Args:
        what: What is about to be started, for a person to read.

    Raises:
        InputError: the answer is no, or nobody is there to answer.
    """
    if not environment.costs_money:
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
