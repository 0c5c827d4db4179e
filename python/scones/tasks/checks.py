"""``invoke checks.*``: runs checkov, check-jsonschema and zizmor on the project's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.tasks.cli import task

if TYPE_CHECKING:
    from invoke import Context


@task(help={"reasons": "also list the suppressed checks, each with its reason"})
def checkov(context: Context, reasons: bool = False) -> None:
    """Check the Terraform files against checkov's policies. Exit code 1 if any check fails.

    checkov runs in its own Python environment, build/checks/checkov, which the first run builds. To suppress a policy,
    add a comment with the reason inside the resource: #checkov:skip=CKV_AWS_144:why

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
    """Check the GitHub and GitLab workflow files against their schemas and zizmor's audits."""
    from rich.console import Console

    from scones import settings
    from scones.delivery.checks import workflows as tool

    with Console().status("check-jsonschema and zizmor read the workflow files (their first run installs them)"):
        said = tool.lint(settings.ROOT, build=settings.ROOT / "build")
    print("\n".join(said))


@task(default=True, name="all")
def every(context: Context) -> None:
    """Run all checks: checks.workflows and checks.checkov."""
    workflows(context)
    checkov(context)
