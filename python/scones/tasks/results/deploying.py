"""The results of the tasks that deploy and look after an environment.

Example::

    >>> PlannedChange("update", "aws_lambda_function.this", ("memory_size",)).action
    'update'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

if TYPE_CHECKING:
    from scones.cost import Line, Prices
    from scones.cost.batch import BatchPlan
    from scones.delivery.pipeline.changes import Change
    from scones.delivery.pipeline.summary import SummaryPart


@dataclass(frozen=True)
class PlannedChange:
    """A change to one resource. It has names only, because values may be secret.

    Attributes:
        action: What an apply does to the resource.
        address: The resource's address in Terraform.
        arguments: The arguments that differ, of an update or a replacement.
    """

    action: Literal["destroy", "replace", "create", "update", "import", "forget"]
    address: str
    arguments: tuple[str, ...]

    @classmethod
    def all(cls, found: Iterable[Change]) -> tuple[PlannedChange, ...]:
        """The changes that Terraform's plan has."""
        return tuple(cls(one.action, one.address, one.attributes) for one in found)  # type: ignore[arg-type]


@dataclass(frozen=True)
class PlanResult:
    """What an apply of a stack would do. The exit code is 2 if there are changes.

    Attributes:
        environment: The environment.
        stack: The stack.
        differs: Whether there is anything to apply.
        changes: The changes to resources, those that lose data first.
        outputs: The names of the outputs that would change.
        drift: What was changed outside of Terraform since its last run.
        notice: What an apply does besides Terraform's plan; empty if there is nothing.
        file: The file of the saved plan, for invoke tf.apply --plan. Null without --out.
    """

    environment: str
    stack: str
    differs: bool
    changes: tuple[PlannedChange, ...]
    outputs: tuple[str, ...]
    drift: tuple[PlannedChange, ...]
    notice: str
    file: str | None


OutputResult = Annotated[Any, "The stack's outputs, each by its name. With --name, the value of this output alone."]


@dataclass(frozen=True)
class StackChanges:
    """What an apply of one stack would do.

    Attributes:
        stack: The stack.
        deferred: Why there is no plan yet, or why there was nothing to look at; empty if there is a plan.
        differs: Whether there is anything to apply.
        changes: The changes to resources, those that lose data first.
        outputs: The names of the outputs that would change.
        drift: What was changed outside of Terraform since its last run.
    """

    stack: str
    deferred: str
    differs: bool
    changes: tuple[PlannedChange, ...]
    outputs: tuple[str, ...]
    drift: tuple[PlannedChange, ...]

    @classmethod
    def all(cls, parts: Sequence[SummaryPart]) -> tuple[StackChanges, ...]:
        """The changes of each stack."""
        return tuple(
            cls(
                part.saved.stack,
                part.saved.deferred,
                part.saved.changes,
                PlannedChange.all(part.changes),
                part.outputs,
                PlannedChange.all(part.drift),
            )
            for part in parts
        )


@dataclass(frozen=True)
class SavedPlansResult:
    """An environment's saved plans.

    Attributes:
        environment: The environment.
        folder: The plans' folder. summary.md there is for people.
        digest: The SHA-256 of the plans, for invoke ci.merge --sha256.
        stacks: Each stack's changes.
    """

    environment: str
    folder: str
    digest: str
    stacks: tuple[StackChanges, ...]


@dataclass(frozen=True)
class DriftResult:
    """Differences between the cloud and the configuration. The exit code is 2 if there are any.

    Attributes:
        environment: The environment.
        drifted: Whether anything differs.
        page: The file for people, drift.md.
        stacks: Each stack's differences.
    """

    environment: str
    drifted: bool
    page: str
    stacks: tuple[StackChanges, ...]


@dataclass(frozen=True)
class ApprovalResult:
    """Who must approve a deployment on GitHub.

    Attributes:
        environment: The environment.
        reviewers: Who must approve, one of them.
        admins_bypass: Whether administrators may go on without them.
    """

    environment: str
    reviewers: tuple[str, ...]
    admins_bypass: bool


@dataclass(frozen=True)
class PricesUsed:
    """The table of prices that a cost is estimated from.

    Attributes:
        gathered: The day on which the prices were read.
        region: Their region.
    """

    gathered: str
    region: str


@dataclass(frozen=True)
class CostLine:
    """A part of a cost.

    Attributes:
        what: What it is for.
        quantity: How much of it.
        unit: The unit of the quantity.
        usd: US dollars.
    """

    what: str
    quantity: float
    unit: str
    usd: float


@dataclass(frozen=True)
class CostSum:
    """A cost and its parts.

    Attributes:
        usd: US dollars together.
        lines: The parts.
    """

    usd: float
    lines: tuple[CostLine, ...]

    @classmethod
    def of(cls, found: Sequence[Line]) -> CostSum:
        """The sum of some parts."""
        lines = tuple(CostLine(one.what, one.quantity, one.unit, one.cost) for one in found)
        return cls(sum(one.usd for one in lines), lines)


@dataclass(frozen=True)
class PlannedQuota:
    """One of AWS's quotas, and how much of it a batch takes.

    Attributes:
        what: What it limits.
        limit: The default of a new account. Null if it depends on the account.
        takes: What the batch takes.
        unit: The unit of both.
        source: The page that has it.
    """

    what: str
    limit: float | None
    takes: float
    unit: str
    source: str


@dataclass(frozen=True)
class PlannedBatch:
    """What a batch of images takes, by one way.

    Attributes:
        how: The way of `invoke batch`.
        images: The number of images.
        seconds: How long it takes.
        cost: What it costs beyond the environment's own cost.
        quotas: The quotas that matter.
        assumed: What was taken as given.
    """

    how: Literal["map", "transform"]
    images: int
    seconds: float
    cost: CostSum
    quotas: tuple[PlannedQuota, ...]
    assumed: tuple[str, ...]

    @classmethod
    def of(cls, found: BatchPlan) -> PlannedBatch:
        """A plan."""
        quotas = tuple(PlannedQuota(one.what, one.limit, one.takes, one.unit, one.source) for one in found.quotas)
        return cls(found.how, found.images, found.seconds, CostSum.of(found.lines), quotas, found.assumed)


@dataclass(frozen=True)
class CostResult:
    """What an environment costs.

    Attributes:
        environment: The environment.
        prices: Where the prices are from.
        measured: Whether the functions' durations were measured. If not, they are assumed.
        month_at_rest: A month without requests.
        thousand_images: 1,000 images more.
        what_if: A month without requests, with the changes that were asked for. Null without any.
        batches: What a batch of --images takes, by each way. Empty without --images.
    """

    environment: str
    prices: PricesUsed
    measured: bool
    month_at_rest: CostSum
    thousand_images: CostSum
    what_if: CostSum | None
    batches: tuple[PlannedBatch, ...]

    @classmethod
    def of(
        cls,
        environment: str,
        prices: Prices,
        measured: bool,
        rest: Sequence[Line],
        thousand: Sequence[Line],
        changed: Sequence[Line] | None,
        batches: Sequence[BatchPlan] = (),
    ) -> CostResult:
        """The result of an estimate."""
        return cls(
            environment,
            PricesUsed(prices.gathered, prices.region),
            measured,
            CostSum.of(rest),
            CostSum.of(thousand),
            None if changed is None else CostSum.of(changed),
            tuple(map(PlannedBatch.of, batches)),
        )


@dataclass(frozen=True)
class BudgetResult:
    """What is known of an environment's budget. The exit code is 1 if it would stay silent.

    Attributes:
        name: Its name.
        counts: What it counts.
        limit_usd: Its limit for a month, in US dollars.
        spent_usd: What it has counted this month.
        faults: Why it would stay silent. Empty if it works.
    """

    name: str
    counts: str
    limit_usd: float
    spent_usd: float
    faults: tuple[str, ...]


@dataclass(frozen=True)
class LocalStatusResult:
    """The local cloud. The exit code is 1 if it is not running.

    Attributes:
        status: Whether it runs. A cloud that starts, or does not answer, has its process but no address yet.
        folder: Where it keeps what it holds.
        endpoint: Its address, for AWS_ENDPOINT_URL. Null unless it runs, as pid and seconds.
        pid: Its process.
        seconds: How long it runs.
        latency: How slow it is on purpose. Null unless it runs.
        holds: How many resources of each kind it has.
    """

    status: Literal["running", "starting", "not running"]
    folder: str
    endpoint: str | None
    pid: int | None
    seconds: int | None
    latency: str | None
    holds: dict[str, int]


@dataclass(frozen=True)
class PackagedFunction:
    """A Lambda function's zip.

    Attributes:
        name: The function's folder.
        file: The zip.
        bytes: Its size.
        sha256: Its SHA-256, in hexadecimal.
    """

    name: str
    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class PackageResult:
    """The packaged Lambda functions.

    Attributes:
        functions: Each function.
    """

    functions: tuple[PackagedFunction, ...]


@dataclass(frozen=True)
class ProvedStatement:
    """A statement of an IAM policy.

    Attributes:
        source: Where it stands.
        steps: The steps of the workflow that need it.
        example: What is refused without it.
        refuses_by_http: The steps with a request that it would deny by plain HTTP.
        unused_actions: Its actions that no step took, and its services that sent no request.
        not_shown: Its services that do nothing in the local cloud, each with the reason.
        taken_away: What was refused when it was really taken away. Null if it was not taken away.
    """

    source: str
    steps: tuple[str, ...]
    example: str
    refuses_by_http: tuple[str, ...]
    unused_actions: tuple[str, ...]
    not_shown: tuple[str, ...]
    taken_away: str | None


@dataclass(frozen=True)
class ProveResult:
    """The proof of least privilege. The exit code is 1 if a statement is superfluous.

    Attributes:
        requests: How many requests were judged.
        superfluous: The statements that nothing needs.
        not_shown: What the local cloud does not do, so that it is not counted.
        refused: The requests that were refused with all statements there.
        statements: Each statement.
    """

    requests: int
    superfluous: tuple[str, ...]
    not_shown: tuple[str, ...]
    refused: tuple[str, ...]
    statements: tuple[ProvedStatement, ...]
