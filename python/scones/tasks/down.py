"""``invoke down``: takes down everything of an environment that costs money, and keeps its data and models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scones.steps import Waiting
from scones.tasks.cli import task
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context

    from scones.terraform.down import TakedownStep


@task(
    help={
        "env": "the environment (default: SCONES_ENV, else local)",
        "everything": "also delete data sets, models, the registry and Terraform's state, so that nothing is left",
        "yes": "do not ask",
    }
)
def down(context: Context, env: str | None = None, everything: bool = False, yes: bool = False) -> None:
    """Take an environment down: stop its jobs, destroy the service, delete captured data.

    Jobs are found by name, tag and role. Data sets, model artifacts, registered models and the logs of training jobs
    stay, so an apply of the stacks foundation and service restores the environment. With --everything they are deleted
    too, with the pipeline's roles and Terraform's state. After an interruption, run the task again; it skips the steps
    that are done. Terraform's output is in build/down-ENV.log.
    """
    from functools import partial

    from scones import settings
    from scones.notebook import identity
    from scones.terraform import Stack
    from scones.terraform import down as taking

    environment, console = settings.load(env), terminal()
    status = Waiting(console, "")
    stack = partial(
        Stack,
        log=environment.build / f"down-{environment.name}.log",
        on_line=lambda line: status.update(line[: console.width - 4]),
    )
    steps = taking.steps(environment, everything=everything, stack=stack)
    if everything:
        steps.append(taking.TakedownStep("the role of notebooks", partial(identity.forget, environment)))
    take(
        steps,
        environment.name,
        stays=[] if everything else taking.kept(environment),
        status=status,
        ask=not yes,
    )


def take(steps: Sequence[TakedownStep], name: str, *, stays: Sequence[str], status: Waiting, ask: bool) -> None:
    """Show what goes and what stays, ask, and take all steps.

    Args:
        name: The environment's name, which a person types to go on.
        stays: What stays, for people.
        status: Shows the step that runs, on its console.
        ask: Ask before the first step.

    Raises:
        InputError: the name was not typed, or there is no terminal to ask on.
    """
    import sys
    import time

    from rich.text import Text

    from scones.errors import InputError

    console = status.console
    console.print(f"This goes from environment '{name}':", highlight=False)
    for step in steps:
        console.print(f"  {step.what}", highlight=False)
    if stays:
        console.print(f"This stays: {', '.join(stays)}.", highlight=False)
    if ask:
        if not sys.stdin.isatty():
            raise InputError("there is no terminal to ask on", hint="say --yes to go on without being asked")
        try:
            typed = input(f"Type {name} to go on: ").strip()
        except EOFError:
            typed = ""
        if typed != name:
            raise InputError("nothing was taken down")
    for step in steps:
        began = time.monotonic()
        status.update(Text(step.what, "bold"))
        with status:
            did = step.take()
        console.print(f"[green]✔[/green] {step.what}: {did} ({time.monotonic() - began:.0f} s)", highlight=False)
