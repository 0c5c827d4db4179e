"""``invoke ci.*``: the pipeline's steps, as the workflow files run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.deploying import ApprovalResult, DriftResult, SavedPlansResult, StackChanges
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from invoke import Context

    from scones.settings import Environment
    from scones.steps import Steps

ENV = "the environment (default: SCONES_ENV, else local)"
BASE = "the revision that the changes start from (default: the branch point from origin/main or main)"
OUT = "the plans' folder (default: build/plans/ENV)"


@task(name="checks", help={"env": ENV})
def check(context: Context, env: str | None = None) -> None:
    """Run a pull request's checks: format, terraform validate, workflow files, checkov.

    No AWS account is needed. A failed check does not stop the others. Exit code 1 if any check fails.
    """
    from scones import settings

    _check(settings.load(env))


def _check(environment: Environment) -> None:
    from scones.delivery.pipeline import checking
    from scones.errors import SHOWN, CheckError

    wanted = checking.checks(environment)
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


@task(result=SavedPlansResult, help={"env": ENV, "base": BASE, "out": OUT})
def plan(context: Context, env: str | None = None, base: str | None = None, out: str | None = None) -> TaskAnswer:
    """Plan an environment's stacks and save the plans, with a summary in Markdown.

    The files are in build/plans/ENV: STACK.tfplan, STACK.lock.hcl, STACK.json, SHA256SUMS and summary.md. A saved plan
    contains every value in plain text, secrets too. Protect it as you protect the state.
    """
    from scones import settings

    return _plan(settings.load(env), base, out)


def _plan(environment: Environment, base: str | None, out: str | None) -> TaskAnswer:
    from scones.delivery.pipeline import planning

    with _steps([planning.title(name) for name in planning.PLANNED]) as steps:
        planned = planning.plan(
            environment, _folder(environment, out), base=base, log=_log(environment), step=steps.step
        )

    def show() -> None:
        print(f"\n{(planned.folder / planning.SUMMARY).read_text()}")
        print(f"apply exactly this: invoke ci.merge --env {environment.name} --sha256 {planned.digest}")

    stacks = StackChanges.all(planned.parts)
    return TaskAnswer(lambda: SavedPlansResult(environment.name, str(planned.folder), planned.digest, stacks), show)


@task(
    result=SavedPlansResult,
    help={
        "env": ENV,
        "base": BASE,
        "out": OUT,
        "tests": "also run all tests, which take many minutes",
        "checks": "run the checks (--no-checks: only plan)",
    },
)
def pr(
    context: Context,
    env: str | None = None,
    base: str | None = None,
    out: str | None = None,
    tests: bool = False,
    checks: bool = True,
) -> TaskAnswer:
    """Run a pull request's steps: check everything, then plan an environment and save the plans.

    The cloud is not changed. Exit code 1 if a check, a test or a plan fails.
    """
    from scones import settings
    from scones.delivery.pipeline import checking

    environment = settings.load(env)
    if checks:
        _check(environment)
    if tests:
        checking.test(environment)
    return _plan(environment, base, out)


@task(
    help={
        "env": ENV,
        "out": OUT,
        "sha256": "the digest of the reviewed plans, from their summary",
        "dry-run": "only check whether the plans can be applied",
    }
)
def merge(
    context: Context, env: str | None = None, out: str | None = None, sha256: str | None = None, dry_run: bool = False
) -> None:
    """Run a merge's step: apply exactly the saved plans of ci.pr, or nothing.

    The task refuses if a plan's file was changed, if the checkout is not the planned revision, or if the state has
    changed since.
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


@task(result=ApprovalResult, help={"env": ENV})
def approval(context: Context, env: str | None = None) -> TaskAnswer:
    """Check that a person must approve on GitHub before anything is applied to an environment.

    The pipeline runs this before it takes a role. It asks GitHub for the required reviewers of the deployment
    environment. Exit code 1 if there are none. It needs GITHUB_REPOSITORY and GH_TOKEN, a token with actions: read. For
    a private repository it also needs SCONES_GITHUB_ENTERPRISE=true, because GitHub ignores the reviewers without it.
    """
    import os

    from scones import settings
    from scones.delivery.pipeline import approval as approvals

    name = settings.load(env).name
    found = approvals.required(approvals.Repository.of(os.environ), name)

    def show() -> None:
        print(f"before anything is applied to '{name}', one of these must approve: {', '.join(found.reviewers)}")
        if found.admins_bypass:
            print(
                f"administrators may go on without them: on GitHub, in Settings, Environments, {name}, turn off 'Allow "
                "administrators to bypass configured protection rules'"
            )

    return TaskAnswer(lambda: ApprovalResult(name, found.reviewers, found.admins_bypass), show)


@task(result=DriftResult, help={"env": ENV, "out": "the folder of drift.md (default: build/drift/ENV)"})
def drift(context: Context, env: str | None = None, out: str | None = None) -> TaskAnswer:
    """Show the differences between the cloud and the configuration. Exit code 2 if there are any."""

    from scones import settings
    from scones.delivery.pipeline import drifting, planning

    environment = settings.load(env)
    folder = options.folder(out, "--out") if out else environment.build / "drift" / environment.name
    with _steps([drifting.title(name) for name in planning.PLANNED]) as steps:
        found = drifting.look(environment, folder, log=_log(environment), step=steps.step)
    stacks, page = StackChanges.all(found.parts), str(folder / drifting.PAGE)
    return TaskAnswer(
        lambda: DriftResult(environment.name, found.drifted, page, stacks),
        show=lambda: print(f"\n{found.page}"),
        code=2 if found.drifted else 0,
    )


def _steps(titles: Sequence[str]) -> Steps:
    from scones.steps import Steps

    return Steps(terminal(), titles)


def _folder(environment: Environment, out: str | None) -> Path:

    return options.folder(out, "--out") if out else environment.build / "plans" / environment.name


def _log(environment: Environment) -> Path:
    return environment.build / "logs" / f"pipeline-{environment.name}.log"
