"""An event source mapping from a queue to a function: what is kept of it, and what the API answers.

AWS: AWS Lambda API Reference, EventSourceMappingConfiguration.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.lambda_.sources.filters import RecordFilter, compiled

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaBackend

CREATING, ENABLED, DISABLED, UPDATING, DELETING = "Creating", "Enabled", "Disabled", "Updating", "Deleting"
ENABLING, DISABLING = "Enabling", "Disabling"
#: The states that end by themselves.
PASSING = frozenset({CREATING, UPDATING, ENABLING, DISABLING, DELETING})
REASON = "USER_INITIATED"
REPORTS = "ReportBatchItemFailures"
#: "Lambda initially processes five batches at a time" (Lambda Developer Guide, scaling for Amazon SQS).
BATCHES_AT_ONCE = 5


@dataclass(frozen=True)
class QueueMapping:
    """One mapping.

    Attributes:
        source_arn: The queue's ARN.
        function_arn: The function's ARN, with its version or alias if the mapping has one.
        patterns: The texts of the filters.
        last_modified: Seconds since 1970.
        problem: Why it does not get on. Empty if it does.
    """

    uuid: str
    source_arn: str
    function_arn: str
    enabled: bool = True
    state: str = CREATING
    batch_size: int = 10
    window: int = 0
    patterns: tuple[str, ...] = ()
    response_types: tuple[str, ...] = ()
    maximum_concurrency: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    last_modified: float = 0.0
    problem: str = ""

    @property
    def region(self) -> str:
        """The region of the queue and of the function."""
        return self.function_arn.split(":")[3]

    @property
    def account(self) -> str:
        """The account of the queue and of the function."""
        return self.function_arn.split(":")[4]

    @property
    def arn(self) -> str:
        """Its own ARN."""
        return f"arn:aws:lambda:{self.region}:{self.account}:event-source-mapping:{self.uuid}"

    @property
    def function_name(self) -> str:
        """The function's name without a qualifier."""
        return self.function_arn.split(":")[6]

    @property
    def qualifier(self) -> str | None:
        """The version or the alias."""
        return ":".join(self.function_arn.split(":")[7:]) or None

    @property
    def fifo(self) -> bool:
        """Whether the queue is a FIFO queue."""
        return self.source_arn.endswith(".fifo")

    @property
    def filters(self) -> tuple[RecordFilter, ...]:
        """The filters that messages are held against."""
        return compiled(self.patterns)

    @property
    def settled_state(self) -> str:
        """The state that a passing one leads to."""
        return ENABLED if self.enabled else DISABLED

    def described(self) -> dict[str, Any]:
        """The answer of the API."""
        return {
            "UUID": self.uuid,
            "BatchSize": self.batch_size,
            "MaximumBatchingWindowInSeconds": self.window,
            "EventSourceArn": self.source_arn,
            "EventSourceMappingArn": self.arn,
            "FunctionArn": self.function_arn,
            "FunctionResponseTypes": list(self.response_types),
            "LastModified": self.last_modified,
            "State": self.state,
            "StateTransitionReason": REASON,
            **({"FilterCriteria": {"Filters": [{"Pattern": one} for one in self.patterns]}} if self.patterns else {}),
            **({"ScalingConfig": {"MaximumConcurrency": self.maximum_concurrency}} if self.maximum_concurrency else {}),
            **({"LastProcessingResult": f"PROBLEM: {self.problem}"} if self.problem else {}),
        }

    def answer(self) -> str:
        """The answer of the API as JSON."""
        return json.dumps(self.described())


def held_by(backend: LambdaBackend) -> dict[str, QueueMapping]:
    """The mappings of an account and region, by their UUIDs. They are kept with moto's backend."""
    held: dict[str, QueueMapping] = backend._event_source_mappings
    return held


def backend_of(mapping: QueueMapping) -> LambdaBackend:
    """The backend that holds a mapping."""
    from moto.awslambda.models import lambda_backends

    return lambda_backends[mapping.account][mapping.region]
