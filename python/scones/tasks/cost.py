"""``invoke cost``: estimates what an environment costs at rest and for 1,000 images."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from scones.steps import Waiting
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.deploying import BudgetResult, CostResult
from scones.tasks.terminal import terminal
from scones.tasks.views import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke import Context
    from rich.table import Table

    from scones.cost import Line, Prices, Usage
    from scones.cost.batch import BatchPlan
    from scones.settings import Environment

    Lines = Sequence[Line]


@task(
    result=CostResult,
    help={
        "env": "the environment (default: SCONES_ENV, else local)",
        "instance_type": "estimate another instance type of the endpoint, such as ml.c5.xlarge",
        "instances": "estimate another number of instances",
        "hours": "estimate other hours a week (168 is always; see endpoint_hours in the operations guide)",
        "images": "also plan a batch of so many images by each way of invoke batch: time, cost and quotas",
        "offline": "use the environment's files alone, without asking its cloud",
    },
)
def cost(
    context: Context,
    env: str | None = None,
    instance_type: str | None = None,
    instances: str | None = None,
    hours: str | None = None,
    images: str | None = None,
    offline: bool = False,
) -> TaskAnswer:
    """Estimate the cost of an environment: a month without requests, and 1,000 images.

    Prices come from a dated table for us-east-1, before free tier and tax: python/scones/cost/prices.json. The
    functions' duration and the size of the bucket come from the environment's cloud. Nothing is changed.

    invoke cost --env prod --instance-type ml.c5.xlarge --hours 50
    invoke cost --images 1000000
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from scones import settings
    from scones.cost import Prices, at_rest, gather, per_thousand, what_if
    from scones.cost import batch as batches
    from scones.cost.usage import configured
    from scones.errors import CloudError
    from scones.tasks import options

    environment, prices, console = settings.load(env), Prices.load(), terminal(stderr=True)
    try:
        with Waiting(console, "asking the cloud what is used"):
            usage = configured(environment) if offline else gather(environment)
    except (BotoCoreError, ClientError) as error:
        raise CloudError(
            f"the cloud of environment '{environment.name}' cannot be asked: {error}",
            hint="--offline uses the environment's files alone",
        ) from None
    other = None
    if instance_type or instances is not None or hours is not None:
        count = None if instances is None else options.whole_number(instances, "--instances")
        other = what_if(
            usage,
            instance_type=instance_type,
            instances=count,
            hours_a_week=None if hours is None else options.number(hours, "--hours"),
        )
    rest, thousand = at_rest(usage, prices), per_thousand(usage, prices)
    changed = at_rest(other, prices) if other else None
    many, own = options.whole_number(images, "--images"), environment.service.get("batch") or {}
    planned = [
        batches.plan(
            many,
            how=how,
            usage=other or usage,
            prices=prices,
            at_most=own.get("at_most", batches.AT_MOST),
            instance_type=own.get("transform_instance_type", batches.TRANSFORM_TYPE),
        )
        for how in get_args(batches.How)
        if many
    ]

    def show() -> None:
        _print(environment, prices, usage, rest, thousand, changed)
        for one in planned:
            _print_batch(one)

    return TaskAnswer(
        lambda: CostResult.of(environment.name, prices, usage.measured, rest, thousand, changed, planned), show
    )


def _print(
    environment: Environment, prices: Prices, usage: Usage, rest: Lines, thousand: Lines, changed: Lines | None
) -> None:
    console = terminal()
    console.print(_table(f"A month of '{environment.name}' at rest", rest))
    console.print(_table("1,000 images more", thousand))
    if changed is not None:
        before, after = sum(one.cost for one in rest), sum(one.cost for one in changed)
        console.print(_table("A month at rest, with these changes", changed))
        console.print(f"{after - before:+,.2f} US dollars a month, {after / before - 1:+.0%}")
    region = "" if environment.region == prices.region else f" (prices in {environment.region} differ)"
    console.print(
        f"\nPrices of {prices.gathered} for {prices.region}{region}, before free tier, discounts and tax; without "
        "data transfer, the instances' disks, KMS and SNS requests, training.",
        highlight=False,
    )
    assumed = [] if usage.measured else ["the functions' durations (nothing was measured in 30 days)"]
    assumed.append(f"{usage.log_kb_per_image:g} kB of logs for each image")
    if not usage.applied:
        assumed.append("the size of the bucket (the service stack is not applied, or its cloud was not asked)")
    console.print(f"Assumed: {'; '.join(assumed)}.", highlight=False)


def _print_batch(plan: BatchPlan) -> None:
    """A batch's cost, and the quotas that it comes nearest to."""
    from rich.table import Table

    console = terminal()
    title = f"\n{plan.images:,} images by {plan.how}: about {duration(plan.seconds)}"
    console.print(_table(title, plan.lines))
    quotas = Table(title="AWS's quotas, in a new account", title_justify="left", box=None)
    quotas.add_column("what")
    for name in ("takes", "of"):
        quotas.add_column(name, justify="right")
    quotas.add_column("unit")
    for one in plan.quotas:
        limit = "ask for it" if one.limit is None else f"{one.limit:,.0f}"
        takes = f"{one.takes:,.0f}" if one.takes >= 100 else f"{one.takes:,.3g}"
        style = "" if one.holds else "bold red"
        quotas.add_row(one.what, takes, limit, one.unit, style=style)
    console.print(quotas)
    for source in dict.fromkeys(one.source for one in plan.quotas):
        console.print(source, style="dim", highlight=False, soft_wrap=True)
    console.print(f"Assumed: {'; '.join(plan.assumed)}.", highlight=False)


def _table(title: str, lines: Lines) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, show_footer=True)
    table.add_column("what", footer="together")
    table.add_column("quantity", justify="right")
    table.add_column("unit")
    table.add_column("US dollars", justify="right", footer=f"{sum(one.cost for one in lines):,.2f}")
    for one in lines:
        quantity = f"{one.quantity:,.0f}" if one.quantity >= 100 else f"{one.quantity:,.2f}"
        table.add_row(one.what, quantity, one.unit, f"{one.cost:,.2f}" if one.cost >= 0.01 else f"{one.cost:.4f}")
    return table


@task(
    result=BudgetResult,
    help={
        "env": "the environment (default: SCONES_ENV, else local)",
        "activate": "first make the tag Workload a cost allocation tag for all environments: in the account that pays, "
        "a day after the tag's first use",
    },
)
def budget(context: Context, env: str | None = None, activate: bool = False) -> TaskAnswer:
    """Show what the environment's budget counts and who hears of it. Exit code 1 if it would stay silent.

    A budget that filters by a tag counts nothing until the tag is an active cost allocation tag. A topic without a
    confirmed subscriber tells nobody.
    """
    from scones import settings
    from scones.cost import budget as budgets

    environment = settings.load(env)
    if activate:
        budgets.activate(environment)
    found = budgets.read(environment)

    def show() -> None:
        if activate:
            print(f"tag {budgets.WORKLOAD} is a cost allocation tag; AWS Budgets knows it within a day")
        spent = f"${found.spent_usd:,.2f} of ${found.limit_usd:,.2f}"
        print(f"budget '{found.name}' counts {found.counts}: {spent} this month")
        for fault in found.faults:
            print(f"  but {fault}")

    document = BudgetResult(found.name, found.counts, found.limit_usd, found.spent_usd, found.faults)
    return TaskAnswer(lambda: document, show, code=1 if found.faults else 0)
