"""Training and tuning jobs: the list, and one job with its curves, its hyperparameters, its log and its cost, live."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from scones.console import curves, live
from scones.console.page import Page, asked
from scones.cost import Prices
from scones.errors import TrainingError
from scones.settings import TRAINING_LOGS
from scones.training.jobs import ListedJob, listed
from scones.training.logs import LogReader
from scones.training.trials import TuningSnapshot
from scones.training.watch import Watch as TuningWatch

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

TAIL = 400  # lines of a log that are shown
LATE = 3.0  # seconds after a job's end in which its last lines may still arrive
PAUSE = 0.25  # seconds between two looks at a job, which take two requests
FRESH, CHARGED = 2.0, 15.0  # seconds between two looks at the list
TUNING_PAUSE = 1.0  # seconds between two looks at a tuning job, which take a request for each trial


def routes(page: Page) -> list[Route]:
    """The addresses of the page."""
    desk = page.desk

    def show(request: Request) -> Response:
        known = listed(desk.environment, client=desk.client_of)
        name = request.query_params.get("job") or (known[0].name if known else "")
        kind = next((one.kind for one in known if one.name == name), "training")
        values: dict[str, Any] = {"title": "Training", "jobs": [row(one, datetime.now(UTC)) for one in known]}
        if not name:
            return page.show(request, "training.html.j2", job=None, **values)
        if kind == "tuning":
            return page.show(request, "training.html.j2", job=name, kind=kind, log="", facts={}, trial_of="", **values)
        found = _described(page, name)
        return page.show(
            request,
            "training.html.j2",
            job=name,
            kind=kind,
            log=_log_command(page, name),
            facts=dict(sorted(found.get("HyperParameters", {}).items())),
            trial_of=str(found.get("TuningJobArn") or "").rpartition("/")[2],
            **values,
        )

    def jobs(request: Request) -> Response:
        """The list, whenever a job begins or goes on."""

        def look() -> list[dict[str, Any]]:
            return [row(one, datetime.now(UTC)) for one in listed(desk.environment, client=desk.client_of)]

        return live.stream(request, live.changes(look), CHARGED if desk.environment.costs_money else FRESH)

    def news(request: Request) -> Response:
        """What is new of a training job: its description, its curves and its lines."""
        name = asked(request, "job")
        return live.stream(request, following(page, name), max(page.pause, PAUSE))

    def trials(request: Request) -> Response:
        """What is new of a tuning job: its trials."""
        watch = TuningWatch(desk.environment, asked(request, "job"), client=desk.client_of)
        over = False

        def look() -> dict[str, Any]:
            nonlocal over
            if over:
                raise StopIteration
            found = watch.look()
            over = found.ended and not watch.owed
            return tuned(found)

        return live.stream(request, live.changes(look), max(page.pause, TUNING_PAUSE))

    return [
        Route("/training", show),
        Route("/training/jobs", jobs),
        Route("/training/news", news),
        Route("/training/trials", trials),
    ]


def row(job: ListedJob, now: datetime) -> dict[str, Any]:
    """A job as a row of the list."""
    return {
        "name": job.name,
        "kind": job.kind,
        "status": job.status,
        "colour": curves.KINDS.get(job.status, "run"),
        "created": job.created,
        "seconds": round(((job.ended or now) - job.created).total_seconds()),
    }


def following(
    page: Page, name: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Callable[[], Iterable[dict[str, Any]]]:
    """A function that gives what is new of a training job since its last call. It ends after the job's last lines."""
    desk = page.desk
    reader = LogReader(desk.client("logs"), name)
    prices, free = Prices.load(), not desk.environment.costs_money
    found: curves.Curves = {}
    told, over = "", None

    def look() -> Iterable[dict[str, Any]]:
        nonlocal told, over
        moment = now()
        if over and (moment - over).total_seconds() > LATE:
            raise StopIteration
        job = _described(page, name)
        lines = list(reader.read())
        messages: list[dict[str, Any]] = []
        about = curves.described(job, moment)
        if (written := live.text(about)) != told:
            told = written
            words = curves.cost_words(curves.cost(job, moment, prices), costs_money=not free)
            messages.append({"job": about, "cost": words})
        if lines:
            curves.of(lines, found)
            charts = {metric: curves.columns(values) for metric, values in found.items()}
            messages.append({"lines": list(deque(lines, TAIL)), "curves": charts})
        if not about["running"]:
            over = over or moment
        return messages

    return look


def tuned(job: TuningSnapshot) -> dict[str, Any]:
    """A tuning job and its trials as its page shows them."""
    return {
        "name": job.name,
        "status": job.status,
        "kind": curves.KINDS.get(job.status, "run"),
        "strategy": job.strategy,
        "reason": job.failure_reason,
        "searched": [str(one) for one in job.searched.values()],
        "names": list(job.searched),
        "most": job.jobs,
        "trials": [
            {
                "name": one.name,
                "number": one.number,
                "outcome": job.outcome(one),
                "kind": curves.KINDS.get(one.status, "run"),
                "values": dict(one.values),
                "epochs": f"{one.epochs_done} of {one.epochs}",
                "objective": one.objective,
                "seconds": one.seconds,
                "reason": one.failure_reason,
                "best": one.name == job.best_name,
            }
            for one in job.trials
        ],
    }


def _described(page: Page, name: str) -> dict[str, Any]:
    """DescribeTrainingJob's answer.

    Raises:
        TrainingError: There is no such job.
    """
    from botocore.exceptions import ClientError

    try:
        found: dict[str, Any] = page.desk.client("sagemaker").describe_training_job(TrainingJobName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
            raise
        raise TrainingError(f"there is no training job '{name}'", hint="open /training") from None
    return found


def _log_command(page: Page, name: str) -> str:
    """The AWS CLI's command for a job's log."""
    return page.desk.command(
        "logs", "filter-log-events", log_group_name=TRAINING_LOGS, log_stream_name_prefix=f"{name}/"
    )
