"""``invoke demo``: runs the whole workflow on the local cloud and checks it. ``make demo`` also sets up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from invoke.exceptions import Exit

from scones import settings
from scones.tasks.cli import task
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console

    from scones.demo import DemoOutcome


@task(
    iterable=["set"],
    help={
        "classes": "the classes, comma-separated (default: the environment's)",
        "set": "a hyperparameter, NAME=VALUE; repeatable (--set epochs=5 is quick and less accurate)",
        "keep": "leave the demo's cloud running with all its resources",
        "env": "an environment with a local cloud (default: SCONES_ENV, else local)",
    },
)
def demo(
    context: Context,
    classes: str | None = None,
    set: list[str] | None = None,
    keep: bool = False,
    env: str | None = None,
) -> None:
    """Run the whole workflow on this machine, from the images to the report, and check each step.

    The demo has a local cloud of its own, in build/demo, and leaves yours alone. Afterwards only its report, its data
    set and its logs stay there, until the next demo.

    The images come from the first source that works: the archive named by CIFAR100_ARCHIVE, an earlier download of
    CIFAR-100, a new download, or images drawn by code. Exit code 0 means that every check passed.

    invoke demo
    invoke demo --classes bus,train,tank --keep
    """
    from scones.dataset import labels
    from scones.demo import Demo
    from scones.tasks.options import pairs

    environment = settings.load(env)
    console = terminal()
    began = time.monotonic()
    workflow = Demo(
        environment,
        console,
        classes=labels.parse(classes) if classes else None,
        overrides=pairs(set),
        keep=keep,
    )
    outcome = workflow.run()
    show(console, outcome, workflow.environment, time.monotonic() - began, keep=keep)
    if not outcome.held:
        raise Exit("a check of the demo failed; see the lines marked ✘", code=1)


def show(
    console: Console, outcome: DemoOutcome, environment: settings.Environment, seconds: float, *, keep: bool
) -> None:
    """Print the demo's metrics, executions, claims, longest steps, and suggestions for what to do next."""
    from rich.text import Text

    from scones.tasks.console import usual_address
    from scones.tasks.views import evaluation_tables, shown, summary_table

    assert outcome.evaluation is not None, "a demo that has ended has evaluated"
    assert outcome.report is not None, "a demo that has ended has written its report"
    threshold = environment.service["confidence_threshold"]
    console.print()
    console.print(evaluation_tables(outcome.evaluation, threshold=threshold))
    console.print()
    console.print(summary_table(outcome.runs))
    console.print()
    for claim in outcome.claims:
        mark = ("✔ ", "green") if claim.held else ("✘ ", "bold red")
        console.print(Text.assemble(mark, claim.text), soft_wrap=True)
    longest = sorted(outcome.steps, key=lambda step: -step.seconds)[:3]
    went = ", ".join(f"{step.title.split(':')[0].split(',')[0].lower()} {step.seconds:.0f} s" for step in longest)
    console.print(f"\n{seconds:.0f} s in all; most of it: {went}", highlight=False)
    lines = [f"the report      {shown(outcome.report)}", "every task      .venv/bin/invoke --list"]
    if keep:
        lines += [
            f"go on with it   export SCONES_BUILD={environment.build_name}",
            f"one image       .venv/bin/invoke execute --image {environment.build_name}/dataset/test",
            "in the browser  .venv/bin/invoke console --open",
            f"it will be at   {usual_address(environment)}",
            'plain terraform eval "$(.venv/bin/invoke env)" && terraform -chdir=terraform/stacks/service output',
            "throw it away   .venv/bin/invoke local.reset; unset SCONES_BUILD",
        ]
    else:
        lines += [
            "keep it running make demo ARGS=--keep",
            "other classes   make demo ARGS='--classes bus,train,tank'",
            "on AWS          see README.md: the same commands with --env dev",
        ]
    console.print("\n[bold]Next[/bold]")  # without a frame, which would be copied with the commands
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
