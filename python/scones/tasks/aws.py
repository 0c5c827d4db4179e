"""``invoke aws.check``: tries in a real account what no local cloud can prove, and takes all of it down.

Example (not run: it takes two hours and costs money on AWS)::

    invoke aws.check --env dev
    invoke aws.check --env dev --clean
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from scones.steps import Waiting
from scones.tasks.cli import task
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from pathlib import Path

    from invoke import Context
    from rich.console import Console

    from scones.cost import Line
    from scones.delivery.firsthour import Attempt, AttemptEnd, Notes
    from scones.delivery.firsthour.trials import Tools
    from scones.settings import Environment

# The time that the steps take on AWS, in hours, rather too long than too short: three training jobs, an endpoint that
# is made and updated six times (each update has two instances for a while), and a network for the last step.
TRAINING, HOSTING, NETWORK, ALL = 0.75, 5.0, 1.5, 3.0
ZONES = 2
HOURS_A_MONTH = 730.0
MARKS = {"held": "[green]✔[/green]", "did not hold": "[bold red]✘[/bold red]", "skipped": "[yellow]-[/yellow]"}


@task(
    iterable=["only", "set"],
    help={
        "env": "the environment whose settings are tried (default: SCONES_ENV, else local)",
        "only": "a step to take, with those that it needs: stacks, stop, service, ab, rollback, key or pipeline; "
        "repeatable",
        "set": "a hyperparameter of the job that is stopped midway, NAME=VALUE; repeatable",
        "yes": "begin without asking, though AWS charges for it",
        "clean": "take no step: only take down what an interrupted run has left",
    },
)
def check(
    context: Context,
    env: str | None = None,
    only: list[str] | None = None,
    set: list[str] | None = None,
    yes: bool = False,
    clean: bool = False,
) -> None:
    """Try in an account what no local cloud can prove, print what held, and take everything down.

    The steps work in an environment of their own, scones-checkENV, with your environment's settings. Yours is not
    touched. After an interruption, run the same command again: it goes on with the step that was interrupted. Exit code
    0 if every step held. docs/first-hour.md says what each step proves.

    invoke aws.check --env dev
    invoke aws.check --env dev --only rollback
    invoke aws.check --env dev --clean
    """
    from scones import settings
    from scones.delivery.firsthour import workplace
    from scones.delivery.firsthour.trials import Tools
    from scones.tasks import options

    environment, console = settings.load(env), terminal()
    status = Waiting(console, "")

    def say(text: str) -> None:
        status.update(text[: console.width - 4])

    tools = Tools(overrides=options.pairs(set), say=say)
    with workplace.alone(environment) as kept, status:
        _check(environment, kept, status, tools, wanted=only or [], yes=yes, clean=clean)


def _check(
    environment: Environment,
    kept: Path,
    status: Waiting,
    tools: Tools,
    *,
    wanted: Sequence[str],
    yes: bool,
    clean: bool,
) -> None:
    from invoke.exceptions import Exit

    from scones.delivery.firsthour import Notes

    console, notes = status.console, Notes.load(kept / "notes.json")
    if clean and not (kept / "project" / ".git").exists():
        console.print(f"there is nothing to take down: no run has begun in {kept}", soft_wrap=True)
        return
    if not clean:
        status.stop()  # it would hide a question
        _begin(environment, notes, console, yes)
        status.start()
    ended = _take(environment, notes, console, tools, wanted=None if clean else wanted)
    if ended.state != "held":
        raise Exit(
            f"something may still cost money; when the reason is gone: invoke aws.check --env {environment.name} "
            "--clean",
            code=1,
        )
    shutil.rmtree(kept / "project")
    if notes.path.exists():
        notes.path.replace(kept / "last.json")
    if not clean and any(one.state != "held" for one in notes.findings.values()):
        raise Exit(f"not every step held; Terraform's words are in {kept / 'terraform.log'}", code=1)


def estimate(environment: Environment) -> list[Line]:
    """What the steps cost at most, by the table of prices.

    Raises:
        InputError: the table has no price for an instance type of the environment.
    """
    from scones.cost import Line, Prices

    prices, hosted = Prices.load(), environment.service.get("endpoint_instance_type", "ml.m5.large")
    trained = environment.training.instance_type
    month = ALL / HOURS_A_MONTH
    return [
        Line(f"training: {trained}", TRAINING, "hours", prices.instance_hour("training_hour", trained)),
        Line(f"endpoint: {hosted}", HOSTING, "hours", prices.instance_hour("hosting_hour", hosted)),
        Line("interface endpoints", NETWORK * ZONES, "hours", prices.of("interface_endpoint_hour")),
        Line("a KMS key, by the hour", month, "months", prices.of("kms_key_month")),
        Line("a dashboard, by the hour", month, "months", prices.of("dashboard_month")),
        Line("30 alarms' metrics, by the hour", 30 * month, "months", prices.of("alarm_metric_month")),
    ]


def _begin(environment: Environment, notes: Notes, console: Console, yes: bool) -> None:
    """Say what it costs, and ask, unless an interrupted run has been allowed already."""
    from scones.delivery.firsthour import workplace
    from scones.tasks import prepare

    if notes.findings or notes.facts:
        console.print(f"going on after {', '.join(notes.findings) or 'the beginning'}", highlight=False)
        return
    if environment.costs_money:
        lines = estimate(environment)
        console.print(f"This takes about {ALL - 1:.0f} hours, and costs about:", highlight=False)
        for line in lines:
            console.print(f"  {line.cost:6.2f} US dollars  {line.what}", highlight=False)
        console.print(f"  {sum(line.cost for line in lines):6.2f} US dollars in all", highlight=False)
    if not yes:
        where = f"scones-{workplace.name_of(environment)} in {environment.region}"
        prepare.confirm(environment, f"this makes, uses and deletes {where}; AWS charges for it", console)
    notes.keep("begun", True)


def _take(
    environment: Environment, notes: Notes, console: Console, tools: Tools, *, wanted: Sequence[str] | None
) -> AttemptEnd:
    """Take the wanted steps (all if empty, none if None), and clean up. Returns how cleaning up ended."""
    from scones.delivery.firsthour import Attempt, FirstHour, Notes, run, workplace

    def begin(trial: Attempt) -> None:
        tools.say(trial.title)

    def show(trial: Attempt, found: AttemptEnd) -> None:
        console.print(f"{MARKS[found.state]} {trial.title} ({found.seconds:.0f} s): {found.state}", highlight=False)
        console.print(f"    {found.said}", markup=False, highlight=False, soft_wrap=True)
        if trial.proves and found.state != "held":
            console.print(f"    it would show: {trial.proves}", markup=False, highlight=False, soft_wrap=True)

    hour = FirstHour(workplace.make(environment), notes, tools)
    if wanted is not None:
        run(chosen(hour.trials(), wanted), notes, show=show, begin=begin)
    # Cleaning up is tried again by every run, until it has held: its finding is not one of the notes.
    own = Notes(notes.path.with_name("cleaning.json"))
    run([Attempt("clean", "Take everything down", hour.clean)], own, show=show, begin=begin)
    own.path.unlink()
    return own.findings["clean"]


def chosen(trials: Sequence[Attempt], wanted: Sequence[str]) -> list[Attempt]:
    """The wanted steps and those that they need. All, if none is wanted.

    Raises:
        InputError: there is no such step.
    """
    from scones.errors import InputError

    by_key = {trial.key: trial for trial in trials}
    if unknown := [key for key in wanted if key not in by_key]:
        raise InputError(f"there is no step '{unknown[0]}'; there are: {', '.join(by_key)}")
    needed, todo = set(), list(wanted or by_key)
    while todo:
        key = todo.pop()
        needed.add(key)
        todo += by_key[key].needs
    return [trial for trial in trials if trial.key in needed]
