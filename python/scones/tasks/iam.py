"""``invoke iam.prove``: proves that the workflow needs every statement of every IAM policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.exceptions import Exit

from imageclassification import files
from scones import settings
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results.answer import TaskAnswer, text
from scones.tasks.results.deploying import ProvedStatement, ProveResult
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console

    from scones.proof import ProofOutcome

# The options that add statements to a policy.
EVERYTHING = {
    "foundation": {"customer_managed_key": True, "vpc": {}, "access_logging": True},
    "service": {
        "endpoint_autoscaling": {"max": 2, "requests_per_minute": 600},
        "alarm_emails": ["nobody@example.com"],
        "monthly_budget_usd": 50,
        "arrival": {"at_most": 2},
        "batch": {"at_most": 2},
    },
}


@task(
    result=ProveResult,
    help={
        "least": "prove the stacks without options; by default the KMS key, network, autoscaling, e-mails, budget "
        "and batches are on, with their statements",
        "out": "also write the result to this file, as JSON",
    },
)
def prove(context: Context, least: bool = False, out: str | None = None) -> TaskAnswer:
    """Prove least privilege: without any one IAM statement, a step of the workflow is denied.

    The proof runs in a copy of the project with its own local cloud. The pipeline's roles apply, plan and destroy the
    stacks. A model is trained, served and asked. The cloud records every request and its decision. Then each statement
    is left out in turn, and the recorded requests are evaluated again. Statements of the functions, the state machine
    and the training job are also really removed, and their step is run again. The policies of buckets, topics and keys
    are proved by the requests of AWS services. Statements that deny plain HTTP are proved by evaluating requests as if
    they came by HTTP. What the local cloud does not do is listed and not counted. Exit code 1 if a statement is
    superfluous.

    The proof shows that each statement is needed. It cannot show that the statements suffice on AWS: the local cloud
    asks for the permissions in its tables, and AWS may ask for more.

    invoke iam.prove
    invoke iam.prove --least --out build/proof.json
    """

    from scones.proof import Proof

    console = terminal()
    target = options.file(out, "--out") if out else None
    outcome = Proof(settings.ROOT, console, values={} if least else EVERYTHING).run()
    result = result_of(outcome)
    if target:
        files.write(target, text(result) + "\n")

    def tell() -> None:
        show(console, outcome)
        if target:
            console.print(f"written to {out}")

    return TaskAnswer(
        lambda: result, tell, error=None if outcome.held else Exit("some statements are superfluous", code=1)
    )


def show(console: Console, outcome: ProofOutcome) -> None:
    """Print the matrix of statements and steps, a table for each role or resource, and the totals."""
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


def result_of(outcome: ProofOutcome) -> ProveResult:
    """The proof's result, as ``--json`` prints it and ``--out`` writes it."""
    removed = {one.source: one.refused for one in outcome.removals}
    statements = (
        ProvedStatement(
            source=row.statement.source,
            steps=tuple(row.steps),
            example=row.example,
            refuses_by_http=tuple(row.refuses),
            unused_actions=tuple(row.unused),
            not_shown=tuple(row.not_shown),
            taken_away=removed.get(row.statement.source),
        )
        for row in outcome.rows
    )
    return ProveResult(
        requests=outcome.requests,
        superfluous=tuple(row.statement.source for row in outcome.superfluous),
        not_shown=tuple(outcome.not_shown),
        refused=tuple(outcome.refused),
        statements=tuple(statements),
    )
