"""``invoke inbox``: what arrived and has no result, why, and another try.

Example (not run: it needs a running cloud)::

    invoke inbox --env dev
    invoke inbox.retry --env dev
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.errors import InputError
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.arrivals import InboxResult, RetryResult
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import RenderableType

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
        if inbox.dead or any(one.may_pass for one in inbox.failed):
            console.print(f"next: invoke inbox.retry --env {environment.name}", highlight=False)

    return TaskAnswer(lambda: InboxResult.of(environment.name, inbox), show)


@task(
    result=RetryResult,
    iterable=["error"],
    help={
        "error": "redrive the executions that failed with this error, such as ThresholdConfidenceNotMet after the "
        "threshold was changed; repeatable (default: the errors that do not come from the picture)",
        "since": SINCE,
        "env": ENV,
    },
)
def retry(context: Context, error: list[str] | None = None, since: str = "14d", env: str | None = None) -> TaskAnswer:
    """Move the dead letters back into their queues, and redrive the executions that failed.

    A redriven execution goes on with the state that failed (RedriveExecution), within 14 days after its end.

    invoke inbox.retry
    invoke inbox.retry --error ThresholdConfidenceNotMet --since 2h --env dev
    """
    from scones import aws
    from scones.service import inbox as inboxes

    environment = settings.load(env)
    arrival = with_arrivals(environment)
    sqs, sfn = (aws.client(environment, service) for service in ("sqs", "stepfunctions"))
    done = inboxes.retry(sqs, sfn, arrival["arrival"], _look(environment, arrival, since), errors=error or ())

    def show() -> None:
        for name, count in done.moved.items():
            print(f"{name}: {count} dead letters are moved back")
        print(f"{len(done.redriven)} executions are redriven")
        for name, why in done.refused.items():
            print(f"  not {name}: {why}")

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
    from datetime import UTC, datetime

    from scones import aws
    from scones.service import inbox
    from scones.service.capture import period

    sqs, sfn = (aws.client(environment, service) for service in ("sqs", "stepfunctions"))
    began = period.parse(since, None).since or datetime.min.replace(tzinfo=UTC)
    return inbox.look(sqs, sfn, outputs["arrival"], outputs["state_machine_arn"], since=began)


def _tables(inbox: Inbox) -> list[RenderableType]:
    from rich.table import Table

    found: list[RenderableType] = []
    if inbox.dead:
        dead = Table("given up", "queue", "sent (UTC)", "tries", box=None)
        dead.columns[0].overflow = "fold"
        for one in inbox.dead:
            dead.add_row(one.subject, one.queue, f"{one.sent:%Y-%m-%d %H:%M}", str(one.tries))
        found.append(dead)
    if inbox.failed:
        counts = Counter(one.error for one in inbox.failed)
        failed = Table("failed with", "times", "last image", "its cause", box=None)
        for column in failed.columns[2:]:
            column.overflow = "fold"
        for error, times in counts.most_common():
            last = next(one for one in inbox.failed if one.error == error)
            failed.add_row(error, str(times), last.image, last.cause)
        found.append(failed)
    return found
