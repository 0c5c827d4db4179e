"""``invoke checks``: what other people's tools have against the project's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.tasks.cli import task

if TYPE_CHECKING:
    from invoke import Context


@task(help={"reasons": "also list what is passed over, each with its reason"})
def checkov(context: Context, reasons: bool = False) -> None:
    """Judge the Terraform files by checkov's policies; exit code 1 where it finds anything.

    checkov runs in an environment of its own, build/checks/checkov, which is built at the first call. A policy that is
    not followed has a comment inside the resource, with the reason: #checkov:skip=CKV_AWS_144:why

    invoke checks.checkov --reasons
    """
    from rich.console import Console

    from scones import settings
    from scones.delivery.checks import checkov as tool
    from scones.errors import CheckError

    console = Console()
    with console.status("checkov looks at the Terraform files (its first run installs it)"):
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
    """Hold the GitHub and GitLab workflow files against their schemas and zizmor's audits; no network is asked."""
    from rich.console import Console

    from scones import settings
    from scones.delivery.checks import workflows as tool

    with Console().status("check-jsonschema and zizmor read the workflow files (their first run installs them)"):
        said = tool.lint(settings.ROOT, build=settings.ROOT / "build")
    print("\n".join(said))


@task(default=True, name="all")
def every(context: Context) -> None:
    """Run every check there is."""
    workflows(context)
    checkov(context)
