"""``invoke inbox``: what arrived and has no result, why, and another try.

Example (not run: it needs a running cloud)::

    invoke inbox --env dev
    invoke inbox.retry --env dev
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.drawing import printable
from scones.errors import InputError
from scones.steps import Waiting
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.arrivals import InboxResult, RetryResult
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import RenderableType
    from rich.text import Text

    from scones.service.inbox import Inbox
    from scones.settings import Environment

ENV = "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)"
SINCE = "how far to look back at executions that failed, such as 2h or 14d (default: 14d)"


@task(name="list", result=InboxResult, help={"since": SINCE, "env": ENV})
def listing(context: Context, since: str = "14d", env: str | None = None) -> TaskAnswer:
    """Show what waits, what was given up, and which executions failed and why.

    An object that arrives is an event in the queue arrivals, then an execution. Its end is an event in the queue
    endings, then a result in the bucket. A message that fails again and again is a dead letter.

    invoke inbox
    invoke inbox --since 2h --env dev --json
    """
    environment = settings.load(env)
    inbox = _look(environment, with_arrivals(environment), since)

    def show() -> None:
        console = terminal()
        for name, load in inbox.waiting.items():
            console.print(
                f"{name}: {load.visible} wait, {load.in_flight} are worked on, {load.dead} were given up",
                highlight=False,
            )
        for table in _tables(inbox):
            console.print(table)
        if inbox.more_failed:
            console.print(f"and {inbox.more_failed:,} that failed earlier", highlight=False)
        if inbox.dead or any(one.may_pass for one in inbox.failed):
            console.print(f"next: invoke inbox.retry --env {environment.name}", highlight=False)
        if final := sorted({one.error for one in inbox.failed if not one.may_pass}):
            console.print(
                f"the same picture gives {' or '.join(final)} again: put another one, or, after a change of settings, "
                f"run: invoke inbox.retry --error {final[0]} --env {environment.name}",
                highlight=False,
            )

    return TaskAnswer(lambda: InboxResult.of(environment.name, inbox), show)


@task(
    result=RetryResult,
    iterable=["error"],
    help={
        "error": "try the executions again that failed with this error, such as ThresholdConfidenceNotMet after the "
        "threshold was changed; repeatable (default: the errors that do not come from the picture)",
        "since": SINCE,
        "env": ENV,
    },
)
def retry(context: Context, error: list[str] | None = None, since: str = "14d", env: str | None = None) -> TaskAnswer:
    """Move the dead letters back into their queues, and try the executions again that failed.

    An execution that was stopped, or took too long, goes on where it was (RedriveExecution, within 14 days). For one
    that failed, another one starts: with the same input, and the same name with -r1, -r2 and so on.

    invoke inbox.retry
    invoke inbox.retry --error ThresholdConfidenceNotMet --since 2h --env dev
    """
    from scones import aws
    from scones.service import inbox as inboxes

    environment = settings.load(env)
    outputs, began = with_arrivals(environment), _began(since)
    sqs, sfn = (aws.client(environment, service) for service in ("sqs", "stepfunctions"))
    place = (sqs, sfn, outputs["arrival"], outputs["state_machine_arn"])
    with Waiting(terminal(stderr=True), "trying again"):
        done = inboxes.retry(*place, since=began, errors=error or ())

    def show() -> None:
        console = terminal()
        for name, count in done.moved.items():
            console.print(f"{name}: moved back: {count}", highlight=False)
        console.print(f"go on: {len(done.redriven)}; started again: {len(done.started)}", highlight=False)
        for name, why in done.refused.items():
            console.print(f"  not {name}: {why}", highlight=False, markup=False)

    return TaskAnswer(lambda: RetryResult.of(environment.name, done), show, code=1 if done.refused else 0)


def with_arrivals(environment: Environment) -> Mapping[str, Any]:
    """The outputs of the stack, which has arrivals.

    Raises:
        InputError: nothing starts when something arrives.
    """
    from scones.terraform import Stack

    outputs = Stack(environment, "service").outputs()
    if not outputs.get("arrival"):
        raise InputError(
            f"in environment '{environment.name}', objects that arrive start nothing",
            hint=f'to let them, put "arrival": {{}} into {environment.folder / "service.tfvars.json"} and run: '
            f"invoke tf.apply --env {environment.name}",
        )
    return outputs


def _look(environment: Environment, outputs: Mapping[str, Any], since: str) -> Inbox:
    from scones import aws
    from scones.service import inbox

    sqs, sfn = (aws.client(environment, service) for service in ("sqs", "stepfunctions"))
    return inbox.look(sqs, sfn, outputs["arrival"], outputs["state_machine_arn"], since=_began(since))


def _began(since: str) -> datetime:
    from scones.service.capture import period

    return period.parse(since, None).since or datetime.min.replace(tzinfo=UTC)


def _tables(inbox: Inbox) -> list[RenderableType]:
    from rich.table import Table

    found: list[RenderableType] = []
    if inbox.dead:
        dead = Table("given up", "queue", "sent (UTC)", "tries", box=None)
        dead.columns[0].overflow = "fold"
        for one in inbox.dead:
            dead.add_row(_shown(one.subject), one.queue, f"{one.sent:%Y-%m-%d %H:%M}", str(one.tries))
        found.append(dead)
    if inbox.failed:
        counts = Counter(one.error for one in inbox.failed)
        failed = Table("failed with", "times", "last image", "its cause", box=None)
        for column in failed.columns[2:]:
            column.overflow = "fold"
        for error, times in counts.most_common():
            last = next(one for one in inbox.failed if one.error == error)
            failed.add_row(_shown(error), str(times), _shown(last.image), _shown(last.cause))
        found.append(failed)
    return found


def _shown(text: str) -> Text:
    """Text from outside: nothing in it is markup, and nothing moves the cursor."""
    from rich.text import Text

    return Text(printable(text))
