"""Looking for drift: what differs between a cloud and the configuration that it was applied from.

Example::

    found = look(settings.load("prod"), Path("build/drift/prod"))
    found.drifted, found.page       # True, '## Drift of `prod` …'

Everything that the stacks manage is read anew from the cloud. A stack that was never applied has not drifted.
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
    """What was found.

    Attributes:
        parts: What applying each stack would change.
        page: The same in Markdown.
    """

    parts: tuple[summary.SummaryPart, ...]
    page: str

    @property
    def drifted(self) -> bool:
        """Whether anything differs."""
        return any(part.saved.changes for part in self.parts)


def title(stack: str) -> str:
    """What looking at a stack is called."""
    return f"Look at {stack}"


def look(
    environment: Environment,
    folder: Path,
    *,
    stacks: Sequence[str] = planning.PLANNED,
    log: Path | None = None,
    step: planning.Step = planning.unseen,
) -> Drift:
    """Compare a cloud with the configuration.

    Args:
        folder: Where ``drift.md`` is written.
        log: A file that Terraform's words are added to.
        step: Shows each stack.

    Raises:
        TerraformError: Terraform failed.
    """
    (folder / PAGE).unlink(missing_ok=True)  # what was found before is not what is found now
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
    # Kept only as long as it is read: nobody applies it.
    differs = stack.plan(out=blank.plan(plans))
    return planning.described(stack, replace(blank, changes=differs), plans)
