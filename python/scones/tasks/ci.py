"""``invoke ci.*``: the pipeline's steps, the same here as in the workflow files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.tasks.cli import task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from invoke import Context

    from scones.settings import Environment
    from scones.steps import Steps

ENV = "the environment (default: SCONES_ENV, else local)"
BASE = "the revision that the changes start from (default: where this branch left origin/main or main)"
OUT = "where the plans are kept (default: build/plans/ENV)"


@task(name="checks")
def check(context: Context) -> None:
    """Check format, configuration, workflow files and Terraform's policies, as on every pull request.

    Needs no account. All of it is run, whatever fails; exit code 1 where anything does.
    """
    from scones import settings
    from scones.delivery.pipeline import checking
    from scones.errors import SHOWN, CheckError

    wanted = checking.checks(settings.load())
    failed = []
    with _steps([one.title for one in wanted]) as steps:
        for one in wanted:
            try:
                with steps.step(one.title) as step:
                    step.found = one.run()
            except SHOWN as error:
                failed.append(f"{one.title}: {error}")
    if failed:
        raise CheckError(f"{len(failed)} of {len(wanted)} checks fail\n\n" + "\n\n".join(failed))


@task(help={"env": ENV, "base": BASE, "out": OUT})
def plan(context: Context, env: str | None = None, base: str | None = None, out: str | None = None) -> None:
    """Plan an environment's stacks and save the plans, with a summary in Markdown.

    They lie in build/plans/ENV: STACK.tfplan, the lock file it was made with, SHA256SUMS, summary.md. A saved plan
    holds every value in plain text, secrets too: keep it as you keep the state.
    """
    from scones import settings
    from scones.delivery.pipeline import planning

    environment = settings.load(env)
    with _steps([planning.title(name) for name in planning.PLANNED]) as steps:
        planned = planning.plan(
            environment, _folder(environment, out), base=base, log=_log(environment), step=steps.step
        )
    print(f"\n{(planned.folder / planning.SUMMARY).read_text()}")
    print(f"apply exactly this: invoke ci.merge --env {environment.name} --sha256 {planned.digest}")


@task(
    help={
        "env": ENV,
        "base": BASE,
        "out": OUT,
        "tests": "run all the tests too; many minutes",
        "checks": "--no-checks plans only",
    }
)
def pr(
    context: Context,
    env: str | None = None,
    base: str | None = None,
    out: str | None = None,
    tests: bool = False,
    checks: bool = True,
) -> None:
    """Do what a pull request does: check everything, then plan an environment and save the plans.

    Nothing is changed. Exit code 1 where a check, a test or a plan fails.
    """
    from scones import settings
    from scones.delivery.pipeline import checking

    if checks:
        check(context)
    if tests:
        checking.test(settings.load(env))
    plan(context, env=env, base=base, out=out)


@task(
    help={
        "env": ENV,
        "out": OUT,
        "sha256": "the digest of the plans that were reviewed, as their summary gives it",
        "dry-run": "only say whether the plans may be applied",
    }
)
def merge(
    context: Context, env: str | None = None, out: str | None = None, sha256: str | None = None, dry_run: bool = False
) -> None:
    """Do what a merge does: apply exactly the saved plans of ci.pr, or nothing.

    Refused where a plan's file was changed, where the checkout is another revision than was planned, and where the
    state has changed since.
    """
    from scones import settings
    from scones.delivery.pipeline import merging

    environment = settings.load(env)
    folder = _folder(environment, out)
    plans = merging.verify(environment, folder, expected=sha256)
    if dry_run:
        print(f"the {len(plans)} plans of {folder} may be applied")
        return
    wanted = [merging.title(one.stack) for one in plans if one.changes and not one.deferred]
    with _steps(wanted) as steps:
        done = merging.apply(environment, folder, plans, log=_log(environment), step=steps.step)
    for name in done.unchanged:
        print(f"{name}: nothing to change")
    for name, why in done.deferred.items():
        print(f"{name}: {why}; plan again: invoke ci.pr --env {environment.name}")


@task(help={"env": ENV, "out": "where drift.md is written (default: build/drift/ENV)"})
def drift(context: Context, env: str | None = None, out: str | None = None) -> None:
    """Say what differs between the cloud and the configuration; exit code 2 where anything does."""
    from pathlib import Path

    from scones import settings
    from scones.delivery.pipeline import drifting, planning

    environment = settings.load(env)
    folder = Path(out) if out else environment.build / "drift" / environment.name
    with _steps([drifting.title(name) for name in planning.PLANNED]) as steps:
        found = drifting.look(environment, folder, log=_log(environment), step=steps.step)
    print(f"\n{found.page}")
    if found.drifted:
        raise SystemExit(2)


def _steps(titles: Sequence[str]) -> Steps:
    from rich.console import Console

    from scones.steps import Steps

    return Steps(Console(), titles)


def _folder(environment: Environment, out: str | None) -> Path:
    from pathlib import Path

    return Path(out) if out else environment.build / "plans" / environment.name


def _log(environment: Environment) -> Path:
    return environment.build / "logs" / f"pipeline-{environment.name}.log"
