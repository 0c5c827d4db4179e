"""``invoke iam.prove``: every permission of every role is needed, shown by doing everything with and without it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from invoke.exceptions import Exit

from imageclassification import files
from scones import settings
from scones.tasks.cli import task

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console

    from scones.proof import ProofOutcome

# Everything that adds statements to a policy.
EVERYTHING = {
    "foundation": {"customer_managed_key": True, "vpc": {}, "access_logging": True},
    "service": {
        "endpoint_autoscaling": {"max": 2, "requests_per_minute": 600},
        "alarm_emails": ["nobody@example.com"],
        "monthly_budget_usd": 50,
        "activate_cost_tag": True,
    },
}


@task(
    help={
        "least": "prove the stacks as they are without options; by default key, network, autoscaling, e-mails and "
        "budget are on, and so their statements are there",
        "out": "also write what was found to this file, as JSON",
    }
)
def prove(context: Context, least: bool = False, out: str | None = None) -> None:
    """Show that no role may do more than it needs: without any statement, a named step is refused something.

    In a copy of the project and a local cloud of its own, the pipeline's roles apply, plan and destroy the stacks, a
    model is trained, served and asked, and every request is judged and kept. Then every statement is taken out of the
    policies that had a say, and the requests are judged again; those of the functions, the state machine and the
    training job are really taken away, and the step is done again. The policies of buckets, topics and keys are proved
    the same way, by what services do in their own names; statements that refuse plain HTTP, by requests judged again as
    if they had come so. What the local cloud does not do is listed, and not counted. Exit code 1: a statement is
    superfluous.

    invoke iam.prove
    invoke iam.prove --least --out build/proof.json
    """
    from pathlib import Path

    from rich.console import Console

    from scones.proof import Proof

    console = Console()
    outcome = Proof(settings.ROOT, console, values={} if least else EVERYTHING).run()
    show(console, outcome)
    if out:
        files.write(Path(out), json.dumps(as_json(outcome), indent=2) + "\n")
        console.print(f"written to {out}", soft_wrap=True)
    if not outcome.held:
        raise Exit("not every statement is needed; see above", code=1)


def show(console: Console, outcome: ProofOutcome) -> None:
    """The matrix of statements and steps, a table a role or resource, and what was found in all."""
    from rich.table import Table

    removed = {one.source: one for one in outcome.removals}
    for role in dict.fromkeys(row.role for row in outcome.rows):
        table = Table(title=role, title_justify="left", title_style="bold", box=None, pad_edge=False)
        table.add_column("statement")
        rows = [row for row in outcome.rows if row.role == role]
        used = [step for step in outcome.order if any(step in row.steps for row in rows)]
        for step in used:
            table.add_column(step, justify="center", style="green")
        if any(row.refuses for row in rows):
            table.add_column("refuses by HTTP", justify="center", style="green")
        table.add_column("without it, refused", style="dim", overflow="fold")
        for row in rows:
            found = removed.get(row.statement.source)
            really = " (and really)" if found and found.refused else ""
            words = f"{row.example}{really}"
            if row.superfluous:
                words = "[bold red]nothing: superfluous[/bold red]"
            elif row.refuses:
                words = f"allowed by HTTP: {row.example}"
            elif not row.steps:
                words = "not shown here"
            marks = [step in row.steps for step in used]
            if any(one.refuses for one in rows):
                marks.append(bool(row.refuses))
            table.add_row(row.name, *("●" if mark else "" for mark in marks), words)
        console.print(table)
        console.print()
    for row in outcome.rows:
        if row.steps and row.unused:
            console.print(
                f"no step took {', '.join(row.unused)} of {row.statement.source}", style="yellow", soft_wrap=True
            )
    for one in outcome.not_shown:
        what, _, why = one.partition(": ")
        console.print(f"{what} is not shown here: {why}", style="yellow", soft_wrap=True)
    for one in outcome.refused:
        console.print(f"refused with all statements there: {one}", style="yellow", soft_wrap=True)
    for removal in outcome.removals:
        if not removal.refused:
            console.print(f"taken away and not missed: {removal.source}", style="red", soft_wrap=True)
    missed = sum(bool(one.refused) for one in outcome.removals)
    roles = {row.role for row in outcome.rows if row.statement.source.startswith("role/")}
    others = {row.role for row in outcome.rows} - roles
    denying = sum(bool(row.refuses) for row in outcome.rows)
    console.print(
        f"{len(outcome.rows)} statements of {len(roles)} roles and {len(others)} resources, {denying} of them shown by "
        f"what they refuse; {outcome.requests:,} judged requests: "
        f"{len(outcome.superfluous)} superfluous; {missed} of {len(outcome.removals)} that were really taken away "
        "were missed",
        soft_wrap=True,
    )


def as_json(outcome: ProofOutcome) -> dict[str, object]:
    """What was found, for a file."""
    removed = {one.source: one.refused for one in outcome.removals}
    return {
        "requests": outcome.requests,
        "superfluous": [row.statement.source for row in outcome.superfluous],
        "not_shown": outcome.not_shown,
        "refused": outcome.refused,
        "statements": [
            {
                "source": row.statement.source,
                "steps": row.steps,
                "example": row.example,
                "refuses_by_http": row.refuses,
                "unused_actions": row.unused,
                "not_shown": row.not_shown,
                "taken_away": removed.get(row.statement.source),
            }
            for row in outcome.rows
        ],
    }
