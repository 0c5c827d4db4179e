"""``invoke checks.*``: checkov, check-jsonschema and zizmor on the project's files, and the local cloud against AWS.

``checks.latency`` tries the project itself, on a local cloud that is as slow as AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.steps import Waiting
from scones.tasks.cli import task
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context


@task(help={"reasons": "also list the suppressed checks, each with its reason"})
def checkov(context: Context, reasons: bool = False) -> None:
    """Check the Terraform files against checkov's policies. Exit code 1 if any check fails.

    checkov runs in its own Python environment, build/checks/checkov, which the first run builds. To suppress a policy,
    add a comment with the reason inside the resource: #checkov:skip=CKV_AWS_144:why

    invoke checks.checkov --reasons
    """
    from scones import settings
    from scones.delivery.checks import checkov as tool
    from scones.errors import CheckError

    console = terminal()
    with Waiting(console, "checkov looks at the Terraform files (its first run installs it)"):
        report = tool.scan(settings.ROOT / "terraform", build=settings.ROOT / "build")
    for one in (*report.findings, *(report.suppressions if reasons else report.unreasoned)):
        console.print(f"[bold]{one.policy}[/bold] {one.resource} ({one.place})", soft_wrap=True, highlight=False)
        console.print(f"    {one.asks}", soft_wrap=True, highlight=False, markup=False)
        if one.reason:
            console.print(f"    passed over: {one.reason}", soft_wrap=True, highlight=False, markup=False)
    console.print(
        f"checkov {report.version}: {report.resources} resources, {report.passed} checks passed, "
        f"{len(report.findings)} failed, {len(report.suppressions)} passed over with a reason",
        soft_wrap=True,
    )
    if not report.clean:
        wrong = {
            "checks failed": len(report.findings),
            "passed over without a reason": len(report.unreasoned),
            f"files that it could not read ({', '.join(report.unread)})": len(report.unread),
        }
        raise CheckError(
            f"checkov: {', '.join(f'{count} {what}' for what, count in wrong.items() if count)}",
            hint="change the resource, or say inside it why not: #checkov:skip=POLICY:reason",
        )


@task
def workflows(context: Context) -> None:
    """Check the GitHub and GitLab workflow files against their schemas and zizmor's audits."""
    from scones import settings
    from scones.delivery.checks import workflows as tool

    with Waiting(terminal(), "check-jsonschema and zizmor read the workflow files (their first run installs them)"):
        said = tool.lint(settings.ROOT, build=settings.ROOT / "build")
    print("\n".join(said))


@task(
    positional=["checkout"],
    iterable=["only"],
    help={
        "checkout": "a checkout of github.com/localstack/localstack",
        "only": "a path or name of tests, as pytest has them; may be given several times",
        "workers": "how many tests run at once (default: 3)",
    },
)
def recorded(context: Context, checkout: str, only: list[str], workers: str | None = None) -> None:
    """Compare Step Functions on a local cloud with AWS's recorded answers. Exit code 1 if a failure has no reason.

    The answers and the tests are LocalStack's. They run on a local cloud of their own, with Python 3.13, and take about
    10 minutes: git clone --depth 1 https://github.com/localstack/localstack; invoke checks.recorded localstack

    The reasons of known failures: python/scones/delivery/checks/recorded/reasons.toml
    """
    from itertools import groupby
    from pathlib import Path

    from rich.table import Table

    from scones import settings
    from scones.delivery.checks.recorded import outcomes, running
    from scones.errors import CheckError
    from scones.tasks import options

    console, folder = terminal(), Path(checkout)
    named = running.recorded(folder)
    at_once = options.whole_number(workers, "--workers", default=3)
    with Waiting(console, "the tests begin (the first run installs what they need)") as status:
        tests = running.run(
            folder,
            build=settings.ROOT / "build",
            workers=at_once,
            only=only,
            progress=lambda done: status.update(f"{done} of about {len(named)} tests have ended"),
        )
    table = Table("folder", "recorded", "passed", "failed", "not run")
    for row in outcomes.rows([] if only else named, tests):
        table.add_row(row.folder, *map(str, (row.recorded, row.passed, row.failed, row.not_run)))
    console.print(table)
    reasons = outcomes.read_reasons((Path(running.__file__).with_name("reasons.toml")).read_text())
    failed = sorted((test for test in tests if test.verdict == outcomes.FAILED), key=lambda test: test.kind)
    news = [test for test in failed if outcomes.reason_of(test, reasons) is None]
    for kind, alike in groupby(failed, key=lambda test: test.kind):
        print(f"\n{kind}")
        for test in alike:
            print(f"    {test.name}\n        {outcomes.reason_of(test, reasons) or test.detail}")
    if not only and (idle := outcomes.unused(tests, reasons)):
        print(f"\nreasons without a failure; remove them from reasons.toml: {', '.join(idle)}")
    if news:
        raise CheckError(
            f"{len(news)} recorded tests fail for no known reason",
            hint="mend the local cloud, or give the reason in python/scones/delivery/checks/recorded/reasons.toml",
        )


@task(default=True, name="all")
def every(context: Context) -> None:
    """Run all checks: checks.workflows and checks.checkov."""
    workflows(context)
    checkov(context)


#: The tests that apply, plan again, update, roll back and destroy what the project makes.
GATE = ("tests/terraform/whole/test_gate.py", "tests/terraform/test_update.py")


@task
def latency(context: Context) -> None:
    """Apply, plan, update, roll back and destroy all stacks on a cloud as slow as AWS. Exit code 1 if that fails.

    Its metrics are minutes late, changes of IAM count seconds later, calls are throttled by AWS's published rates, and
    endpoints change their state slowly. This takes about a quarter of an hour. A pipeline can run it at night.
    """
    import os
    import subprocess
    import sys

    from localcloud.latency import AWS, VARIABLE
    from scones import settings
    from scones.errors import CheckError

    command = [sys.executable, "-m", "pytest", "--durations", "10", *GATE]
    done = subprocess.run(command, cwd=settings.ROOT, env={**os.environ, VARIABLE: AWS.name}, check=False)
    if done.returncode:
        raise CheckError(
            "the project does not stand a cloud that is as slow as AWS",
            hint=f"pytest says above what failed; to look yourself: export {VARIABLE}={AWS.name}; invoke local.up",
        )


@task(help={"service": "boto3's name of one service, instead of all"})
def constraints(context: Context, service: str | None = None) -> None:
    """Break each constraint of AWS's models in a request, and count what a local cloud refuses. Exit code 1 below 99 %.

    A local cloud of its own gets a good request of every operation that is not refused, with one constraint broken: a
    required member, a length, a pattern, an enum, a range, a size.
    """
    import tempfile
    from pathlib import Path

    import boto3

    from localcloud import control, fidelity
    from scones.delivery.checks.calls import constraints as calls
    from scones.delivery.checks.calls import sending
    from scones.errors import CheckError

    console, tried, rest = terminal(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        cloud = control.up(Path(folder) / "local", port=0, tethered=True)
        try:
            for name in [service] if service else fidelity.TABLE:
                keys = {"aws_access_key_id": cloud.access_key_id, "aws_secret_access_key": cloud.secret_access_key}
                client = boto3.client(
                    name, region_name="us-east-1", endpoint_url=cloud.endpoint, config=sending.AS_IT_IS, **keys
                )
                sending.prepare(client)
                found = calls.measure(client, name)
                tried, rest = tried + found.tried, rest + len(found.rest)
                console.print(f"{name}: {found.tried} tried, {found.tried - len(found.rest)} refused as on AWS")
                for operation, rule, answered in found.rest:
                    console.print(f"    {operation} {rule}: {answered.code} {answered.message}", markup=False)
        finally:
            control.down(cloud.state)
    console.print(f"all: {tried} tried, {tried - rest} refused as on AWS")
    if rest * 100 > tried:
        raise CheckError(f"{rest} of {tried} broken requests were not refused as on AWS")
