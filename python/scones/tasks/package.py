"""``invoke package``: the Lambda functions as zips."""

from __future__ import annotations

from scones.tasks.cli import task


@task
def package(context):
    """Write build/lambdas/<name>.zip and manifest.json: the same bytes on every machine.

    Terraform reads them; run it again after changing anything in lambdas/.
    """
    from rich.console import Console
    from rich.table import Table

    from scones import packaging, settings

    out = settings.ROOT / "build" / "lambdas"
    table = Table("function", "zip", "bytes", "SHA-256", box=None)
    table.columns[2].justify = "right"
    for found in packaging.package(settings.ROOT / "lambdas", out):
        table.add_row(found.name, str((out / found.zip).relative_to(settings.ROOT)), f"{found.bytes:,}", found.sha256)
    Console().print(table)
