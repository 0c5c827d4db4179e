"""``invoke ab.*``: compares a second model with the pinned one behind the same endpoint.

Example (not run: it needs an AWS account)::

    invoke ab.start 4 --share 10
    invoke ab.status --since 1d
    invoke ab.promote
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.drawing import narrower
from scones.errors import InputError
from scones.steps import Waiting
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.serving import AbStatusResult
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from pathlib import Path

    from invoke import Context
    from rich.console import Console

    from scones.service.ab import Candidate, Traffic
    from scones.service.capture import Period
    from scones.settings import Environment

ENV = "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)"
APPLY = "apply the service stack now, without asking"
TWO_UPDATES = (
    "SageMaker's guardrails exclude a change of the variants, so the beginning and the end of a comparison take two "
    "updates: one without guardrails for the variants, one with guardrails for the models"
)


@task(
    positional=["version"],
    help={
        "version": "the version's number, from invoke models",
        "share": "its share of the requests in percent, 1 to 99 (default: 10)",
        "shadow": "send it copies of requests; its answers are captured and never returned",
        "approve": "approve the version first",
        "apply": APPLY,
        "env": ENV,
    },
)
def start(
    context: Context,
    version: str,
    share: str | None = None,
    shadow: bool = False,
    approve: bool = False,
    apply: bool = False,
    env: str | None = None,
) -> None:
    """Start a comparison: give a registered version a share of the endpoint's traffic.

    The task writes candidate.tfvars.json beside the pinned model's file. Terraform then deploys the version as the
    variant Candidate, or Shadow, on its own instances. Run it again with the same version to change the share.

    invoke ab.start 4 --share 10
    invoke ab.start 4 --share 100 --shadow
    """
    from scones.service import ab

    if not str(version).isdecimal():
        raise InputError(f"'{version}' is not a version's number", hint="invoke models lists them: 1, 2, …")
    environment, console = settings.load(env), terminal()
    percent = options.whole_number(share, "--share", default=10, most=100 if shadow else 99)
    found = ab.start(environment, int(version), share=percent, shadow=shadow, approve=approve)
    _say(console, started(found, environment.candidate_path))
    _apply(environment, console, apply)


@task(
    result=AbStatusResult,
    help={
        "since": "the first time (UTC) or an age: 2026-11-22, 12h (default: the comparison's start, else 30d)",
        "until": "the last time (default: now)",
        "threshold": "count answers below this confidence as low (default: the environment's confidence_threshold)",
        "dataset": "the data set with the labels of the test images (default: build/dataset)",
        "env": ENV,
    },
)
def status(
    context: Context,
    since: str | None = None,
    until: str | None = None,
    threshold: str | None = None,
    dataset: str | None = None,
    env: str | None = None,
) -> TaskAnswer:
    """Compare the endpoint's models by their captured traffic.

    The table shows each model's requests, mean confidence, low answers and accuracy. Intervals are Wilson's, for 95%.
    Accuracy covers requests with images of the test split, because their labels are known; invoke evaluate and invoke
    execute send such requests. A shadow's agreement with the pinned model is shown too.

    invoke ab.status
    invoke ab.status --since 1d --env prod
    """
    from scones import aws
    from scones.service import ab
    from scones.tasks.captured import WORKERS
    from scones.terraform import Stack

    environment = settings.load(env)
    compared = ab.read(environment.candidate_path)
    period = period_of(since, until, compared)
    line = environment.service["confidence_threshold"] if threshold is None else options.share(threshold, "--threshold")
    outputs = Stack(environment, "service").outputs()
    clients = {"s3": aws.client(environment, "s3", max_connections=WORKERS)}
    clients["sagemaker"] = aws.client(environment, "sagemaker")
    return report(terminal(), environment, clients, outputs, compared, period, threshold=line, dataset=dataset)


def started(found: Candidate, path: Path) -> str:
    """What a started comparison does, and the file that says so."""
    what = "gets copies of" if found.shadow else "gets"
    return f"version {found.model.version} {what} {found.share} % of the requests: {path}"


def period_of(since: str | None, until: str | None, compared: Candidate | None) -> Period:
    """The period whose captures count: from the comparison's start, or the last 30 days if nothing is compared.

    Raises:
        InputError: a time cannot be read, or the period ends before it begins.
    """
    from scones.service.capture import period as periods

    return periods.parse(since or (compared.started if compared else "") or "30d", until)


def report(
    console: Console,
    environment: Environment,
    clients: Mapping[str, Any],
    outputs: Mapping[str, Any],
    compared: Candidate | None,
    period: Period,
    *,
    threshold: float,
    dataset: str | None = None,
) -> TaskAnswer:
    """Download a period's captures, and compare the models.

    Args:
        clients: boto3 clients by name: s3 and sagemaker.
        outputs: The service stack's outputs.
        compared: The candidate. None if nothing is compared.
        threshold: Answers below this confidence count as low.
        dataset: The folder of the data set with the test images' labels. By default, the one in the build folder.

    Raises:
        CloudError: nothing was captured in the period.
    """
    from scones.service import ab
    from scones.tasks.captured import fetch, labels_in

    found, coming = fetch(console, environment, clients, outputs, period)
    with Waiting(console, "reading the labels"):
        labels = labels_in(environment, dataset)
    traffic, agreed = ab.compare(found.events, threshold=threshold, labels=labels), ab.shadows(found.events)

    def show() -> None:
        console.print(_table(traffic, threshold))
        for name, one in agreed:
            _say(
                console,
                f"of {one.both:,} requests that both answered, the shadow of {name} agreed on "
                f"{one.alike / one.both:.1%}; it was {abs(one.surer):.3f} "
                f"{'surer' if one.surer >= 0 else 'less sure'} on average",
            )
        for missing in coming:
            _say(console, str(missing))
        if found.broken:
            _say(console, f"{len(found.broken):,} captured lines could not be read; invoke capture shows them")
        if compared:
            _say(console, "next: invoke ab.promote, or invoke ab.stop")

    name = outputs["endpoint_name"]
    return TaskAnswer(lambda: AbStatusResult.of(name, threshold, traffic, agreed, found), show)


@task(help={"apply": APPLY, "env": ENV})
def promote(context: Context, apply: bool = False, env: str | None = None) -> None:
    """Pin the candidate and end the comparison. From the next apply on it serves all requests."""
    from scones.service import ab

    environment, console = settings.load(env), terminal()
    version = ab.promote(environment)
    _say(
        console, f"version {version.version} is pinned in {environment.pin_path}; {environment.candidate_path} is gone"
    )
    _apply(environment, console, apply)


@task(help={"apply": APPLY, "env": ENV})
def stop(context: Context, apply: bool = False, env: str | None = None) -> None:
    """End the comparison. From the next apply on the pinned model serves all requests."""
    from scones.service import ab

    environment, console = settings.load(env), terminal()
    found = ab.stop(environment)
    _say(console, f"version {found.model.version} is compared no more: {environment.candidate_path} is gone")
    _apply(environment, console, apply)


def _apply(environment: Environment, console: Console, now: bool) -> None:
    if not now:
        _say(console, f"next: invoke tf.apply --env {environment.name}")
        _say(console, TWO_UPDATES)
        return
    from scones.service import packaging
    from scones.terraform import Stack

    packaging.package(environment.root / "lambdas", environment.build / "lambdas")
    log = environment.build / "terraform-service.log"
    with Waiting(console, "terraform apply") as shown:
        Stack(
            environment, "service", log=log, on_line=lambda line: shown.update(f"terraform apply: {line[:60]}")
        ).apply()
    _say(console, f"applied; all of Terraform's words are in {log}")


def _table(found: list[Traffic], threshold: float) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title="Models, by captured traffic",
        title_justify="left",
        caption=f"low: below {threshold:g}; accuracy: of images of the test split",
        caption_justify="left",
    )
    table.add_column("variant", no_wrap=True)
    for name in ("version", "requests", "confidence", "low answers", "accuracy"):
        table.add_column(name, justify="right", overflow="fold", no_wrap=name in ("version", "requests", "confidence"))
    for one in found:
        table.add_row(
            Text(one.variant or "unknown"),
            one.version or "unknown",
            f"{one.requests:,}",
            "-" if one.confidence is None else f"{one.confidence:.3f}",
            _proportion(one.low_share, one.low_interval)
            + (f"\nand {one.foreign:,} none of the classes" if one.foreign else ""),
            _proportion(one.measured.accuracy, one.measured.interval)
            + (f"\n{one.measured.images:,} images" if one.measured.images else ""),
        )
    return narrower(table, "confidence")


def _proportion(share: float | None, interval: tuple[float, float] | None) -> str:
    return "-" if share is None or interval is None else f"{share:.1%}\n{interval[0]:.1%} to {interval[1]:.1%}"


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)
