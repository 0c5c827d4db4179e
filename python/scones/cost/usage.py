"""Collects an environment's usage from its files, its Terraform state and CloudWatch.

Example::

    >>> usage = Usage("ml.m5.large", instances=1, functions=(), transitions=4)
    >>> what_if(usage, instance_type="ml.c5.xlarge", hours_a_week=84).endpoint_hours
    365.0
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from scones.cost import arrival as arrivals
from scones.dataset import labels
from scones.errors import InputError, SettingsError
from scones.service import ab
from scones.service.definition import images_a_child
from scones.terraform.state import Backend

if TYPE_CHECKING:
    from scones.settings import Environment

HOURS_A_MONTH = 730.0  # AWS's own figure: 8,760 hours a year over twelve months
HOURS_A_WEEK = 168.0
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")  # the default days of endpoint_hours

# The assumed duration of a call that waits for S3 or the endpoint, until CloudWatch has measured it. The log size of an
# execution was measured in the local cloud: 7.7 kB in about 40 events. AWS adds 26 bytes to each event.
ASSUMED_SECONDS = 0.15
ASSUMED_LOG_KB = 9.0

# AWS charges for each metric of an alarm. For a variant that answers, modules/monitoring watches 4xx, 5xx and latency.
# The endpoint's rollback alarms watch errors, requests and latency.
VARIANT_METRICS, ROLLBACK_METRICS = 3, 3
# Failures and LowConfidence come from log filters. S3's request metrics are AllRequests, PutRequests, BytesUploaded,
# FirstByteLatency, TotalRequestLatency, 4xxErrors and 5xxErrors.
CUSTOM_METRICS, S3_REQUEST_METRICS = 2, 7
# The option batch: errors and throttles of its function; executions that failed and that took too long.
BATCH_METRICS = 4


@dataclass(frozen=True)
class Function:
    """One Lambda function.

    Attributes:
        seconds: The duration of a call.
    """

    name: str
    memory_mb: int
    seconds: float = ASSUMED_SECONDS


@dataclass(frozen=True)
class Usage:
    """The quantities that AWS charges for.

    Attributes:
        instance_type: The endpoint's instance type.
        instances: The number of instances, over all variants.
        functions: The functions that each image passes through.
        transitions: The number of states in an execution that passes.
        endpoint_hours: The endpoint's hours a month.
        alarm_metrics: The number of metrics that alarms watch.
        custom_metrics: The number of metrics from log filters and S3 requests.
        interface_endpoints: The number of VPC interface endpoints, counted in each availability zone.
        stored_gb: The size of all object versions in the bucket, in GB of 10^9 bytes; 0 if unknown.
        queues: The number of queues that Lambda polls.
        arrival: The functions that each arriving image passes besides.
        classes: The number of the model's classes.
        images_a_child: How many images an execution of a batch takes.
        log_kb_per_image: The size of the logs of one image, in kB.
        measured: True if CloudWatch measured the functions' durations. Otherwise they are assumed.
        applied: True if the service stack is applied.
    """

    instance_type: str
    instances: int
    functions: tuple[Function, ...]
    transitions: int
    endpoint_hours: float = HOURS_A_MONTH
    alarm_metrics: int = 0
    custom_metrics: int = CUSTOM_METRICS + S3_REQUEST_METRICS
    dashboards: int = 1
    keys: int = 0
    interface_endpoints: int = 0
    stored_gb: float = 0.0
    log_kb_per_image: float = ASSUMED_LOG_KB
    queues: int = 0
    arrival: tuple[Function, ...] = ()
    classes: int = 2
    images_a_child: int = 40
    measured: bool = False
    applied: bool = False


def configured(environment: Environment) -> Usage:
    """The usage according to the environment's files, without a request to its cloud."""
    service, foundation = environment.service, environment.foundation
    candidate = ab.read(environment.candidate_path)
    # The variant of a candidate or shadow has its own instances, of the same type and number.
    variants = 2 if candidate else 1
    thresholds = service.get("alarm_thresholds") or {}
    arrives = service.get("arrival") is not None
    captures_all = service.get("capture_percentage", 100) == 100
    scaling = service.get("endpoint_autoscaling") or {}
    count = int(scaling.get("min", 1)) if scaling else int(service.get("endpoint_instance_count", 1))
    definition = json.loads((environment.root / "asl" / "classify_image.asl.json").read_text())
    memory_mb = json.loads((environment.root / "terraform" / "stacks" / "service" / "memory_mb.json").read_text())
    numbers = json.loads((environment.root / "terraform" / "stacks" / "service" / "batch.json").read_text())
    classes = len(labels.complete(environment.classes, other=environment.other))
    return Usage(
        instance_type=service.get("endpoint_instance_type", "ml.m5.large"),
        instances=count * variants,
        functions=tuple(Function(name, memory) for name, memory in memory_mb.items()),
        transitions=transitions(definition),
        endpoint_hours=hours_a_month(service.get("endpoint_hours")),
        alarm_metrics=alarm_metrics(
            answering=2 if candidate and not candidate.shadow else 1,
            functions=len(memory_mb),
            silence=not service.get("endpoint_hours") and thresholds.get("silent_hours") != 0,
            captures=captures_all,
        )
        + (arrivals.ALARM_METRICS if arrives else 0)
        + (BATCH_METRICS if service.get("batch") is not None else 0),
        queues=arrivals.QUEUES if arrives else 0,
        arrival=tuple(Function(name, arrivals.MEMORY_MB) for name in arrivals.FUNCTIONS if arrives),
        custom_metrics=CUSTOM_METRICS + (S3_REQUEST_METRICS if captures_all else 0),
        classes=classes,
        images_a_child=images_a_child(classes, numbers),
        keys=int(bool(foundation.get("customer_managed_key"))),
        interface_endpoints=_interface_endpoints(foundation.get("vpc")),
    )


def gather(
    environment: Environment, *, backend: Backend | None = None, client: Callable[..., Any] | None = None
) -> Usage:
    """The usage according to the environment's files and its cloud: durations of functions, size of the bucket.

    Args:
        backend: The environment's backend, if the caller has it already.
        client: Makes boto3 clients.

    Raises:
        LocalCloudError: the environment's local cloud is not running.
    """
    from scones import aws

    client = client or aws.client
    backend = backend or Backend.of(environment)
    usage = configured(environment)
    bucket = backend.read("foundation").outputs.get("bucket")
    names = backend.read("service").outputs.get("function_names") or {}
    seconds = {key: _measured(client(environment, "cloudwatch"), name) for key, name in names.items()}
    functions = tuple(replace(one, seconds=seconds.get(one.name) or one.seconds) for one in usage.functions)
    arriving = {one.name: f"{environment.workload}-{one.name}" for one in usage.arrival if names}
    took = {key: _measured(client(environment, "cloudwatch"), name) for key, name in arriving.items()}
    arrival = tuple(replace(one, seconds=took.get(one.name) or one.seconds) for one in usage.arrival)
    stored = _stored(client(environment, "s3"), bucket) if bucket else 0.0
    measured = bool(seconds) and all(seconds.values())
    usage = replace(usage, arrival=arrival)
    return replace(usage, functions=functions, stored_gb=stored, measured=measured, applied=bool(names))


def what_if(
    usage: Usage, *, instance_type: str | None = None, instances: int | None = None, hours_a_week: float | None = None
) -> Usage:
    """The same usage with another instance type, number of instances, or hours a week of the endpoint.

    Raises:
        InputError: ``instances`` is below 1, or ``hours_a_week`` is not from 0 to 168.
    """
    if instances is not None and instances < 1:
        raise InputError(f"an endpoint has 1 instance or more, not {instances}")
    if hours_a_week is not None and not 0 <= hours_a_week <= HOURS_A_WEEK:
        raise InputError(f"a week has {HOURS_A_WEEK:g} hours, not {hours_a_week:g}")
    return replace(
        usage,
        instance_type=instance_type or usage.instance_type,
        instances=instances or usage.instances,
        endpoint_hours=usage.endpoint_hours if hours_a_week is None else hours_a_week / HOURS_A_WEEK * HOURS_A_MONTH,
    )


def transitions(definition: Mapping[str, Any]) -> int:
    """The number of states in an execution that passes. Each is a transition (Step Functions' pricing page)."""
    count, name = 0, definition["StartAt"]
    while name:
        count, name = count + 1, definition["States"][name].get("Next")
    return count


def alarm_metrics(*, answering: int, functions: int, silence: bool = True, captures: bool = True) -> int:
    """The number of metrics that all alarms watch.

    Args:
        answering: The number of variants that answer requests. A shadow's metrics are not watched.
        functions: The number of functions. One of them fails on purpose for an answer of low confidence.
        silence: True if there is an alarm for missing requests.
        captures: True if there is an alarm for missing captures.
    """
    executions = 1 + 2  # failed executions, and low confidence as a share of the passed ones
    # Errors and throttles of each function, and one metric more: an alarm subtracts low confidence from errors.
    return (VARIANT_METRICS + ROLLBACK_METRICS) * answering + executions + 2 * functions + 1 + 2 * (silence + captures)


def hours_a_month(schedule: Mapping[str, Any] | None) -> float:
    """The endpoint's hours a month for an ``endpoint_hours``. Without one, the endpoint always runs.

    Raises:
        SettingsError: the value does not have Terraform's form.
    """
    if not schedule:
        return HOURS_A_MONTH
    try:
        a_day = int(schedule["until_utc"]) - int(schedule["from_utc"])
        return a_day * len(schedule.get("days", WEEKDAYS)) / HOURS_A_WEEK * HOURS_A_MONTH
    except (KeyError, TypeError, ValueError, AttributeError):
        raise SettingsError(
            f"endpoint_hours of service.tfvars.json cannot be used: {json.dumps(schedule)}",
            hint='it has the form {"from_utc": 6, "until_utc": 20, "days": ["Mon", "Tue"]}',
        ) from None


def _interface_endpoints(vpc: Mapping[str, Any] | None) -> int:
    """The number of interface endpoints, counted in each availability zone, as AWS charges for them."""
    if not vpc:
        return 0
    return len(vpc.get("interface_endpoints") or ["sagemaker.runtime"]) * int(vpc.get("availability_zones") or 2)


def _measured(cloudwatch: Any, function: str) -> float | None:
    """The mean duration of a function's calls in the last 30 days, in seconds. None without calls."""
    end = datetime.now(UTC) + timedelta(minutes=1)
    found = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Duration",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=end - timedelta(days=30),
        EndTime=end,
        Period=30 * 86400,
        Statistics=["Average", "SampleCount"],
    )["Datapoints"]
    calls = sum(one["SampleCount"] for one in found)
    return sum(one["Average"] * one["SampleCount"] for one in found) / calls / 1000 if calls else None


def _stored(s3: Any, bucket: str) -> float:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    return sum(one["Size"] for page in pages for one in page.get("Versions", [])) / 1e9
