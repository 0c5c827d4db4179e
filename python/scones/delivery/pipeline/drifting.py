"""Finds drift: differences between an environment's cloud and its configuration.

Example (not run: it needs a running cloud)::

    found = look(settings.load("prod"), Path("build/drift/prod"))
    found.drifted, found.page       # True, '## Drift of `prod` …'

Terraform refreshes all resources of the stacks. A stack that was never applied has no drift.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from imageclassification import files
from scones import revision
from scones.delivery.pipeline import planning, summary
from scones.delivery.pipeline.saved import Saved
from scones.service import packaging
from scones.settings import Environment
from scones.terraform import Stack

PAGE = "drift.md"


@dataclass(frozen=True)
class Drift:
    """The differences that were found.

    Attributes:
        parts: The changes that an apply of each stack would make.
        page: The same in Markdown.
    """

    parts: tuple[summary.SummaryPart, ...]
    page: str

    @property
    def drifted(self) -> bool:
        """True if anything differs."""
        return any(part.saved.changes for part in self.parts)


def title(stack: str) -> str:
    """The title of a stack's step."""
    return f"Look at {stack}"


def look(
    environment: Environment,
    folder: Path,
    *,
    stacks: Sequence[str] = planning.PLANNED,
    log: Path | None = None,
    step: planning.Step = planning.unseen,
) -> Drift:
    """Compare an environment's cloud with its configuration.

    Args:
        folder: The folder of ``drift.md``.
        log: A file to which Terraform's output is appended.
        step: Shows each stack's progress.

    Raises:
        TerraformError: Terraform failed.
    """
    (folder / PAGE).unlink(missing_ok=True)  # so that a failure leaves no old page behind
    parts = []
    with tempfile.TemporaryDirectory() as plans:
        for name in stacks:
            with step(title(name)) as shown:
                parts.append(_look_at(Stack(environment, name, log=log), Path(plans)))
                shown.found = parts[-1].line()
    page = summary.drift_page(environment.name, parts)
    files.write(folder / PAGE, page)
    return Drift(tuple(parts), page)


def _look_at(stack: Stack, plans: Path) -> summary.SummaryPart:
    environment = stack.environment
    blank = Saved(stack.name, environment.name, revision.commit(environment.root), "", "")
    if not stack.backend.read(stack.name).resources:
        return summary.SummaryPart(replace(blank, deferred="has not been applied"))
    if stack.name == "service":
        packaging.package(environment.root / "lambdas", environment.build / "lambdas")
    # The plan is only read, never applied, so it lies in a temporary folder.
    differs = stack.plan(out=blank.plan(plans))
    return planning.described(stack, replace(blank, changes=differs), plans)
