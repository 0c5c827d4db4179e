"""``invoke down``: takes down everything of an environment that costs money, and keeps its data and models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.tasks.cli import task

if TYPE_CHECKING:
    from invoke import Context


@task(
    help={
        "env": "the environment (default: SCONES_ENV, else local)",
        "everything": "also delete data sets, models, the registry and Terraform's state, so that nothing is left",
        "yes": "do not ask",
    }
)
def down(context: Context, env: str | None = None, everything: bool = False, yes: bool = False) -> None:
    """Take an environment down: stop its jobs, destroy the service, delete captured data.

    Data sets, model artifacts and registered models stay, so an apply of the stacks foundation and service restores the
    environment. With --everything they are deleted too, with the pipeline's roles and Terraform's state. After an
    interruption, run the task again; it skips the steps that are done. Terraform's output is in build/down-ENV.log.
    """
    import sys
    import time

    from rich.console import Console

    from scones import settings
    from scones.errors import InputError
    from scones.terraform import down as taking

    environment, console = settings.load(env), Console()
    log = environment.build / f"down-{environment.name}.log"
    status = console.status("")
    todo = taking.steps(
        environment,
        everything=everything,
        log=log,
        on_line=lambda line: status.update(console.render_str(line[: console.width - 4], markup=False)),
    )
    console.print(f"This goes from environment '{environment.name}':", highlight=False)
    for step in todo:
        console.print(f"  {step.what}", highlight=False)
    if not everything:
        console.print(f"This stays: {', '.join(taking.kept(environment))}.", highlight=False)
    if not yes:
        if not sys.stdin.isatty():
            raise InputError("there is no terminal to ask on", hint="say --yes to go on without being asked")
        try:
            typed = input(f"Type {environment.name} to go on: ").strip()
        except EOFError:
            typed = ""
        if typed != environment.name:
            raise InputError("nothing was taken down")
    for step in todo:
        began = time.monotonic()
        status.update(f"[bold]{step.what}[/bold]")
        with status:
            did = step.take()
        console.print(f"[green]✔[/green] {step.what}: {did} ({time.monotonic() - began:.0f} s)", highlight=False)
