"""Plans the stacks of an environment and saves the plans.

Example (not run: it needs a running cloud)::

    planned = plan(settings.load("dev"), Path("build/plans/dev"))
    planned.digest, planned.folder / "summary.md"

The service stack reads the foundation stack's outputs. If the foundation's plan changes them, a plan of the service
would be out of date as soon as the foundation is applied. So the service's plan is deferred until then.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from imageclassification import files
from scones import revision
from scones.delivery.pipeline import changes, promotion, saved, summary
from scones.delivery.pipeline.saved import Saved
from scones.errors import InputError
from scones.service import packaging
from scones.settings import Environment
from scones.terraform import Stack
from scones.terraform.binary import locate
from scones.terraform.state import TerraformState

# The bootstrap stack has the pipeline's own roles, so a person applies it.
PLANNED = ("foundation", "service")
BELOW = {"service": "foundation"}
SUMMARY = "summary.md"

#: Shows a step while it runs. Takes the title and gives a context manager, whose value has an attribute ``found``.
Step = Callable[[str], AbstractContextManager[Any]]


@dataclass
class _Unseen:
    found: str = ""


@contextlib.contextmanager
def unseen(_: str) -> Iterator[_Unseen]:
    """A step that is not shown."""
    yield _Unseen()


@dataclass(frozen=True)
class Planned:
    """An environment's saved plans.

    Attributes:
        folder: The folder of the plans and ``summary.md``.
        digest: The SHA-256 of all plans (:mod:`scones.delivery.pipeline.saved`).
        parts: Each stack's changes.
        promotion: The change of the pinned model, if there is one.
    """

    folder: Path
    digest: str
    parts: tuple[summary.SummaryPart, ...]
    promotion: promotion.Promotion | None

    @property
    def changes(self) -> bool:
        """True if there is anything to apply, now or later."""
        return any(part.saved.changes or part.saved.deferred for part in self.parts)


def title(stack: str) -> str:
    """The title of a stack's step."""
    return f"Plan {stack}"


def plan(
    environment: Environment,
    folder: Path,
    *,
    base: str | None = None,
    stacks: Sequence[str] = PLANNED,
    log: Path | None = None,
    step: Step = unseen,
) -> Planned:
    """Plan an environment's stacks and save the plans. They replace the folder's earlier plans.

    Args:
        folder: The folder to save the plans in, such as ``build/plans/dev``.
        base: The revision that the checkout's changes start from; None uses the main branch.
        stacks: The stacks to plan, the lower one first.
        log: A file to which Terraform's output is appended.
        step: Shows each stack's progress.

    Raises:
        InputError: the project is not a git checkout, or has no such base revision.
        TerraformError: Terraform failed.
    """
    tree = revision.tree(environment.root)
    if tree == revision.UNKNOWN:
        raise InputError(
            f"{environment.root} is no git checkout with a commit: a saved plan is of a revision",
            hint="git init && git add . && git commit; or plan one stack with: invoke tf.plan",
        )
    compared = promotion.find(environment.root, environment.pin_path, revision.base(environment.root, base))
    saved.clear(folder)
    (folder / SUMMARY).unlink(missing_ok=True)
    parts: list[summary.SummaryPart] = []
    for name in stacks:
        with step(title(name)) as shown:
            blank = Saved(
                stack=name,
                environment=environment.name,
                commit=revision.commit(environment.root),
                tree=tree,
                terraform=locate(environment.downloads).title,
            )
            parts.append(_plan_one(Stack(environment, name, log=log), blank, folder, parts))
            shown.found = parts[-1].line()
    digest = saved.write(folder, [part.saved for part in parts])
    files.write(folder / SUMMARY, summary.plan_page(environment.name, parts, digest=digest, promotion=compared))
    return Planned(folder, digest, tuple(parts), compared)


def reads(state: TerraformState) -> str:
    """The SHA-256 of a state's outputs, which the stack above reads."""
    return hashlib.sha256(json.dumps(dict(state.outputs), sort_keys=True).encode()).hexdigest()


def _plan_one(stack: Stack, blank: Saved, folder: Path, below: Sequence[summary.SummaryPart]) -> summary.SummaryPart:
    lower, read = BELOW.get(stack.name), ""
    if lower is not None:
        state = stack.backend.read(lower)
        read = reads(state)
        for part in below:
            if part.saved.stack == lower and (part.outputs or part.saved.deferred):
                return _deferred(blank, f"to be planned once {lower} has been applied, whose outputs it reads")
        if not state.outputs:
            return _deferred(blank, f"to be planned once {lower} has been applied")
    if stack.name == "service":
        if not stack.environment.pin_path.exists():
            return _deferred(blank, "to be planned once a model is pinned")
        packaging.package(stack.environment.root / "lambdas", stack.environment.build / "lambdas")
    before = stack.backend.read(stack.name)
    differs = stack.plan(out=blank.plan(folder))
    shutil.copyfile(stack.lock_file, blank.lock_file(folder))
    planned = replace(blank, changes=differs, lineage=before.lineage, serial=before.serial, reads=read)
    return described(stack, planned, folder)


def described(stack: Stack, planned: Saved, folder: Path) -> summary.SummaryPart:
    """Read a saved plan's changes. Terraform is only run if the plan has any."""
    if not planned.changes:
        return summary.SummaryPart(planned)
    told = json.loads(stack.show(planned.plan(folder), json=True))
    return summary.SummaryPart(
        saved=planned,
        changes=changes.changes(told),
        outputs=changes.outputs(told),
        drift=changes.drift(told),
        words="\n\n".join(filter(None, [stack.notice(), stack.show(planned.plan(folder))])),
    )


def _deferred(blank: Saved, why: str) -> summary.SummaryPart:
    return summary.SummaryPart(saved=replace(blank, deferred=why))
