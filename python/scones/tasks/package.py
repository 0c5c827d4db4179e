"""``invoke package``: packages the Lambda functions as zips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.deploying import PackagedFunction, PackageResult

if TYPE_CHECKING:
    from invoke import Context


@task(result=PackageResult)
def package(context: Context) -> TaskAnswer:
    """Package the Lambda functions as zips in build/lambdas, with the same bytes on every machine.

    Terraform reads the zips and their manifest.json. Run the task again after a change in lambdas/.
    """
    from scones import settings
    from scones.service import packaging

    out = settings.ROOT / "build" / "lambdas"
    found = packaging.package(settings.ROOT / "lambdas", out)

    def show() -> None:
        for one in found:
            path = (out / one.zip).relative_to(settings.ROOT)
            print(f"{path!s:<42} {one.bytes:>6,} bytes  SHA-256 {one.sha256[:12]}…")

    made = (PackagedFunction(one.name, str(out / one.zip), one.bytes, one.sha256) for one in found)
    return TaskAnswer(lambda: PackageResult(tuple(made)), show)
