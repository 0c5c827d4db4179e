"""``invoke package``: packages the Lambda functions as zips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.tasks.cli import task

if TYPE_CHECKING:
    from invoke import Context


@task
def package(context: Context) -> None:
    """Package the Lambda functions as zips in build/lambdas, with the same bytes on every machine.

    Terraform reads the zips and their manifest.json. Run the task again after a change in lambdas/.
    """
    from scones import settings
    from scones.service import packaging

    out = settings.ROOT / "build" / "lambdas"
    for found in packaging.package(settings.ROOT / "lambdas", out):
        path = (out / found.zip).relative_to(settings.ROOT)
        print(f"{path!s:<42} {found.bytes:>6,} bytes  SHA-256 {found.sha256[:12]}…")
