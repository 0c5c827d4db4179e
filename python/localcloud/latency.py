"""How slow the local cloud is on purpose. By default it is not: what is done counts at once, and nothing is throttled.

AWS is slower, and some faults show only there. ``SCONES_LOCAL_LATENCY=aws`` makes a local cloud wait as AWS does. All
of the numbers are here::

    >>> chosen({}).name, chosen({VARIABLE: "aws"}).iam_seconds
    ('none', 8.0)
    >>> AWS.rate_of("lambda", "CreateFunction")
    CallRate(size=15, refill=15, apart=False)
    >>> NONE.rate_of("lambda", "CreateFunction")

Metrics are one to three minutes late. Amazon CloudWatch User Guide, "CloudWatch concepts": the data of most services
come each minute, and PutMetricData (API Reference) may take two minutes until they are seen.

A change of IAM counts seconds later. IAM User Guide, "Changes that I make are not always immediately visible". AWS
gives no number. Terraform's provider waits up to two minutes; what people report is from two to fifteen seconds.

An endpoint is Creating, Updating or Deleting for minutes on AWS, and a training job is Starting for as long. Here they
are for longer than Terraform's provider waits between two looks, which is 10 seconds at most (terraform-plugin-sdk,
``helper/retry/state.go``).

Calls are throttled by token buckets, as AWS documents, for each account and region. A bucket holds ``size`` calls, and
gets ``refill`` more each second. Where AWS publishes a rate without a size, the size is that of one second.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from localcloud.errors import LocalCloudError
from localcloud.incoming import reads

VARIABLE = "SCONES_LOCAL_LATENCY"


@dataclass(frozen=True)
class CallRate:
    """How many calls of some operations there may be.

    Attributes:
        size: How many at once.
        refill: How many more each second.
        covers: Whether an operation is one of them.
        apart: Whether each of them has a bucket of its own. Otherwise they share one.
    """

    size: float
    refill: float
    covers: Callable[[str], bool] = field(default=lambda operation: True, repr=False)
    apart: bool = True


def _each(size: float, refill: float, operations: str) -> CallRate:
    return CallRate(size, refill, frozenset(operations.split()).__contains__)


#: By boto3's name of the service. The first line that covers an operation counts.
RATES: Mapping[str, tuple[CallRate, ...]] = {
    # AWS Lambda Developer Guide, "Lambda quotas", API requests: all of the control plane shares 15 a second. What
    # invocations may do is far more than this machine can.
    "lambda": (
        _each(math.inf, 0, "Invoke InvokeAsync InvokeWithResponseStream"),
        _each(100, 100, "GetFunction"),
        _each(15, 15, "GetPolicy"),
        CallRate(15, 15, apart=False),
    ),
    # AWS Step Functions Developer Guide, "Quotas", in US East (N. Virginia).
    "stepfunctions": (
        _each(100, 1, "CreateActivity CreateStateMachine DeleteActivity DeleteStateMachine UpdateStateMachine"),
        _each(100, 1, "ListTagsForResource"),
        _each(200, 1, "DescribeActivity DescribeStateMachineForExecution TagResource UntagResource"),
        _each(300, 15, "DescribeExecution"),
        _each(200, 20, "DescribeStateMachine"),
        _each(400, 20, "GetExecutionHistory"),
        _each(100, 10, "ListActivities"),
        _each(200, 5, "ListExecutions"),
        _each(100, 5, "ListStateMachines"),
        _each(1300, 300, "StartExecution"),
        _each(1000, 200, "StopExecution"),
        _each(3000, 500, "GetActivityTask SendTaskFailure SendTaskHeartbeat SendTaskSuccess"),
    ),
    # Amazon CloudWatch User Guide, "CloudWatch service quotas".
    "cloudwatch": (
        _each(
            3,
            3,
            "DeleteAlarms DescribeAlarmHistory DisableAlarmActions EnableAlarmActions PutMetricAlarm SetAlarmState",
        ),
        _each(9, 9, "DescribeAlarms DescribeAlarmsForMetric"),
        _each(10, 10, "DeleteDashboards GetDashboard ListDashboards PutDashboard"),
        _each(25, 25, "ListMetrics"),
        _each(50, 50, "GetMetricData"),
        _each(400, 400, "GetMetricStatistics"),
        _each(500, 500, "PutMetricData"),
    ),
    # Amazon CloudWatch Logs User Guide, "CloudWatch Logs quotas".
    "logs": (
        _each(10, 10, "CreateLogGroup DeleteLogGroup DescribeLogGroups GetLogEvents"),
        _each(5, 5, "DescribeLogStreams FilterLogEvents"),
        _each(50, 50, "CreateLogStream"),
    ),
    # AWS KMS Developer Guide, "Request quotas for each AWS KMS API operation".
    "kms": (
        _each(5, 5, "CreateAlias CreateKey UpdateAlias"),
        _each(50, 50, "CreateGrant"),
    ),
    # Amazon EC2 Developer Guide, "Request throttling for the Amazon EC2 API": actions that change nothing, and others.
    "ec2": (CallRate(100, 20, reads), CallRate(50, 5)),
    # AWS publishes no rates of these two, only that they are throttled. These are assumed.
    "iam": (CallRate(100, 20, apart=False),),
    "sagemaker": (CallRate(50, 10),),
}


@dataclass(frozen=True)
class Latency:
    """How slow a local cloud is.

    Attributes:
        name: What ``local.status`` shows: ``none`` or ``aws``.
        metric_seconds: How late metrics are seen, from and to. A metric is always as late.
        iam_seconds: How late a change of IAM counts.
        state_seconds: How long an endpoint is Creating, Updating or Deleting, and a training job Starting, at least.
        rates: How many calls there may be, by boto3's name of the service.
        sleep: Waits for some seconds.
    """

    name: str = "none"
    metric_seconds: tuple[int, int] = (0, 0)
    iam_seconds: float = 0.0
    state_seconds: float = 0.0
    rates: Mapping[str, tuple[CallRate, ...]] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep

    def late(self, *metric: object) -> float:
        """How many seconds late a metric is seen.

        Example::

            >>> NONE.late("AWS/SageMaker", "Invocations"), 60 <= AWS.late("AWS/SageMaker", "Invocations") <= 180
            (0.0, True)
        """
        least, most = self.metric_seconds
        if not most:
            return 0.0
        return float(least + zlib.crc32(repr(metric).encode()) % (most - least + 1))

    def rate_of(self, service: str, operation: str) -> CallRate | None:
        """The rate of an operation; None if it is not throttled."""
        return next((one for one in self.rates.get(service, ()) if one.covers(operation)), None)

    def hold(self) -> None:
        """Wait for as long as an endpoint or a job is at least in a state that ends by itself."""
        if self.state_seconds:
            self.sleep(self.state_seconds)


NONE = Latency()
AWS = Latency("aws", metric_seconds=(60, 180), iam_seconds=8.0, state_seconds=15.0, rates=RATES)


def chosen(variables: Mapping[str, str]) -> Latency:
    """The latency that the environment variables ask for.

    Raises:
        LocalCloudError: There is none of that name.
    """
    name = variables.get(VARIABLE) or NONE.name
    for one in (NONE, AWS):
        if one.name == name:
            return one
    raise LocalCloudError(
        f"{VARIABLE} is {name!r}, which the local cloud does not know", hint=f"unset {VARIABLE}, or set it to aws"
    )
