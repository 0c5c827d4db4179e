"""``invoke jobs``: lists and stops training and tuning jobs, also where there is no terminal.

Example (not run: it needs a running cloud)::

    invoke jobs
    invoke jobs.stop scones-dev-20260101-120000 --env dev
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scones import settings
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.models import JobsResult
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import RenderableType

    from scones.training.jobs import ListedJob

ENV = "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)"


@task(name="list", result=JobsResult, help={"all": "also those that have ended", "env": ENV})
def listing(context: Context, all: bool = False, env: str | None = None) -> TaskAnswer:
    """List the training and tuning jobs that run, newest first, and how to follow or stop them.

    invoke jobs
    invoke jobs --all --env dev
    """
    from scones.training import jobs

    environment, console = settings.load(env), terminal()
    found = [job for job in jobs.listed(environment) if all or job.running]

    def show() -> None:
        if not found:
            console.print(f"no job {'is there' if all else 'runs'} in environment '{environment.name}'")
            return
        console.print(_table(found))
        if running := next((job for job in found if job.running), None):
            follow = "train" if running.kind == "training" else "tune"
            for command in (f"{follow} --attach {running.name}", f"jobs.stop {running.name}"):
                console.print(f"invoke {command} --env {environment.name}", soft_wrap=True, highlight=False)

    return TaskAnswer(lambda: JobsResult.of(environment.name, found), show)


@task(positional=["name"], help={"name": "the job's name, from invoke jobs", "env": ENV})
def stop(context: Context, name: str, env: str | None = None) -> None:
    """Stop a training or tuning job.

    It returns at once. SageMaker gives a training job two minutes to write the model that it has kept so far.

    invoke jobs.stop scones-dev-20260101-120000 --env dev
    """
    from scones.training import jobs

    environment = settings.load(env)
    job = jobs.stop(environment, name)
    if not job.running:
        print(f"{job.kind} job '{name}' has ended already: {job.status}")
        return
    print(f"{job.kind} job '{name}' stops")
    if job.kind == "training":
        print(f"when it has, register what it kept: invoke register --job {name} --env {environment.name}")
        print(f"or go on with it: invoke train --resume {name} --env {environment.name}")


def _table(found: Sequence[ListedJob]) -> RenderableType:
    from rich.table import Table

    table = Table("job", "kind", "status", "created (UTC)", box=None)
    table.columns[0].overflow = "fold"
    for job in found:
        table.add_row(job.name, job.kind, job.status, f"{job.created:%Y-%m-%d %H:%M}")
    return table
