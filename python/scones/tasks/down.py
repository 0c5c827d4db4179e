"""``invoke down``: everything that costs goes, in order; what was learnt stays unless it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.tasks.cli import task

if TYPE_CHECKING:
    from invoke import Context


@task(
    help={
        "env": "the environment (default: SCONES_ENV, else local)",
        "everything": "data sets, models, registry and Terraform's state too: nothing is left",
        "yes": "go on without asking",
    }
)
def down(context: Context, env: str | None = None, everything: bool = False, yes: bool = False) -> None:
    """Take an environment down: stop what runs, destroy the service, delete what it captured.

    Data sets, model artifacts and registered models stay, so that an apply of the stacks foundation and service brings
    it back as it was. With --everything they go too, and so do the pipeline's roles and Terraform's state. Run it again
    after an interruption: what is done is passed over. What Terraform said is in build/down-ENV.log.
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
