"""Applies exactly the saved and reviewed plans, or nothing.

Example (not run: it needs a running cloud)::

    plans = verify(environment, folder, expected="9f86…")    # StalePlanError if a plan is out of date
    apply(environment, folder, plans)

All checks come before the first apply. The files must be the reviewed ones, the checkout must be the planned revision,
and no state may have changed since. Terraform checks the state again while it holds the state's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scones import revision
from scones.delivery.pipeline import planning, saved
from scones.delivery.pipeline.saved import Saved
from scones.errors import InputError, StalePlanError
from scones.service import packaging
from scones.settings import Environment
from scones.terraform import STACKS, Stack
from scones.terraform.binary import locate
from scones.terraform.state import Backend


@dataclass(frozen=True)
class Applied:
    """The result of applying the saved plans.

    Attributes:
        stacks: The applied stacks.
        unchanged: The stacks without changes.
        deferred: The stacks that could not be planned yet, each with the reason.
    """

    stacks: tuple[str, ...]
    unchanged: tuple[str, ...]
    deferred: dict[str, str]


def title(stack: str) -> str:
    """The title of a stack's step."""
    return f"Apply {stack}"


def verify(environment: Environment, folder: Path, *, expected: str | None = None) -> list[Saved]:
    """Check that saved plans can be applied as they are.

    Args:
        expected: The digest of the reviewed plans. None accepts the folder's own digest.

    Returns:
        The plans, the lower stack first.

    Raises:
        InputError: there are no plans, a file was changed, they are not the reviewed plans, they belong to another
            environment, or another version of Terraform made them.
        StalePlanError: the checkout is another revision, or a state has changed since.
    """
    plans = sorted(saved.read(folder, expected=expected), key=lambda one: STACKS.index(one.stack))
    tree, backend = revision.tree(environment.root), Backend.of(environment)
    terraform = locate(environment.downloads).title
    again = f"plan again and have it reviewed: invoke ci.pr --env {environment.name}"
    for plan in plans:
        if plan.environment != environment.name:
            raise InputError(f"these plans are of environment '{plan.environment}', not '{environment.name}'")
        if plan.tree.endswith("-dirty"):
            raise StalePlanError(
                "the plans are of files that are not committed, so they cannot have been reviewed",
                hint=f"commit, and {again}",
            )
        if plan.tree != tree:
            now = "has files that are not committed" if tree.endswith("-dirty") else "is another revision"
            raise StalePlanError(
                f"the plans are of commit {plan.commit[:12]}, and this checkout {now}; nothing was applied", hint=again
            )
        if plan.deferred:
            continue
        if plan.terraform != terraform:
            raise InputError(
                f"the plan of stack '{plan.stack}' was made by {plan.terraform}, and this is {terraform}",
                hint=f"no other version applies it: use that one, or {again}",
            )
        state = backend.read(plan.stack)
        if (state.lineage, state.serial) != (plan.lineage, plan.serial):
            raise StalePlanError(
                f"the plan of stack '{plan.stack}' is stale: it was made on serial {plan.serial} of its state, "
                f"which is now at serial {state.serial}; nothing was applied",
                hint=again,
            )
        if plan.reads and planning.reads(backend.read(planning.BELOW[plan.stack])) != plan.reads:
            raise StalePlanError(
                f"the plan of stack '{plan.stack}' is stale: the outputs of '{planning.BELOW[plan.stack]}' have "
                "changed since; nothing was applied",
                hint=again,
            )
    return plans


def apply(
    environment: Environment,
    folder: Path,
    plans: Sequence[Saved],
    *,
    log: Path | None = None,
    step: planning.Step = planning.unseen,
) -> Applied:
    """Apply verified plans, the lower stack first. Stacks without changes are skipped.

    Args:
        plans: The plans that :func:`verify` returned.
        log: A file to which Terraform's output is appended.
        step: Shows each stack's progress.

    Raises:
        StalePlanError: a state changed after :func:`verify`. The stacks before it are applied.
        TerraformError: Terraform failed, or the endpoint was rolled back.
    """
    applied, unchanged = [], []
    for plan in plans:
        if plan.deferred:
            continue
        if not plan.changes:
            unchanged.append(plan.stack)
            continue
        with step(title(plan.stack)) as shown:
            if plan.stack == "service":
                packaging.package(environment.root / "lambdas", environment.build / "lambdas")
            stack = Stack(environment, plan.stack, log=log)
            stack.apply(plan=plan.plan(folder), lock_file=plan.lock_file(folder))
            shown.found = f"serial {stack.backend.read(plan.stack).serial} of its state"
        applied.append(plan.stack)
    return Applied(tuple(applied), tuple(unchanged), {plan.stack: plan.deferred for plan in plans if plan.deferred})
