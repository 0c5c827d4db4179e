"""What an environment uses: from its own files, its state, and what CloudWatch measured where it is applied.

Example::

    usage = gather(settings.load("prod"))
    what_if(usage, instance_type="ml.c5.xlarge", hours_a_week=50)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from scones.errors import InputError, SettingsError
from scones.service import ab
from scones.terraform.state import Backend

if TYPE_CHECKING:
    from scones.settings import Environment

HOURS_A_MONTH = 730.0  # AWS's own figure: 8,760 hours a year over twelve months
HOURS_A_WEEK = 168.0
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")  # the days of endpoint_hours where it names none

# Where nothing was measured yet: a call that waits for S3 or the endpoint. What one execution logs was measured in the
# local cloud: 7.7 kB, in some 40 events, each of which AWS counts for 26 bytes more.
ASSUMED_SECONDS = 0.15
ASSUMED_LOG_KB = 9.0

# An alarm is paid for by the metrics it watches. Of a variant that answers, modules/monitoring watches its 4xx, 5xx and
# latency, and the endpoint's rollback its errors, its requests and its latency.
VARIANT_METRICS, ROLLBACK_METRICS = 3, 3
# Failures and LowConfidence, counted from logs; and what S3 reports of requests that put objects: AllRequests,
# PutRequests, BytesUploaded, FirstByteLatency, TotalRequestLatency, 4xxErrors, 5xxErrors.
CUSTOM_METRICS, S3_REQUEST_METRICS = 2, 7
MEMORY_MB = {"serialize-image-data": 512, "classify-image": 512, "filter-low-confidence": 256}


@dataclass(frozen=True)
class Function:
    """One function: its memory in MB, and how long a call takes, in seconds."""

    name: str
    memory_mb: int
    seconds: float = ASSUMED_SECONDS


@dataclass(frozen=True)
class Usage:
    """What is paid for.

    Attributes:
        instance_type, instances: What the endpoint runs on, over all its variants.
        endpoint_hours: How many hours a month it runs.
        functions: What every image is sent through.
        transitions: The states that an execution enters which passes.
        alarm_metrics, custom_metrics, dashboards, keys, interface_endpoints: How many there are.
        stored_gb: What the bucket holds, in GB of 10^9 bytes, every version of it; 0 where it is not known.
        log_kb_per_image: What one image adds to the logs, in kB.
        measured: Whether the functions' times were measured; they are assumed otherwise.
        applied: Whether the service stack is there; what it would be is said otherwise.
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
    measured: bool = False
    applied: bool = False


def configured(environment: Environment) -> Usage:
    """What an environment's files ask for, without asking any cloud."""
    service, foundation = environment.service, environment.foundation
    candidate = ab.read(environment.candidate_path)
    # A candidate's variant, or a shadow's, has instances of its own, of the same type and number.
    variants = 2 if candidate else 1
    thresholds = service.get("alarm_thresholds") or {}
    captures_all = service.get("capture_percentage", 100) == 100
    scaling = service.get("endpoint_autoscaling") or {}
    count = int(scaling.get("min", 1)) if scaling else int(service.get("endpoint_instance_count", 1))
    definition = json.loads((environment.root / "asl" / "classify_image.asl.json").read_text())
    return Usage(
        instance_type=service.get("endpoint_instance_type", "ml.m5.large"),
        instances=count * variants,
        functions=tuple(Function(name, memory) for name, memory in MEMORY_MB.items()),
        transitions=transitions(definition),
        endpoint_hours=hours_a_month(service.get("endpoint_hours")),
        alarm_metrics=alarm_metrics(
            answering=2 if candidate and not candidate.shadow else 1,
            functions=len(MEMORY_MB),
            silence=not service.get("endpoint_hours") and thresholds.get("silent_hours") != 0,
            captures=captures_all,
        ),
        custom_metrics=CUSTOM_METRICS + (S3_REQUEST_METRICS if captures_all else 0),
        keys=int(bool(foundation.get("customer_managed_key"))),
        interface_endpoints=_interface_endpoints(foundation.get("vpc")),
    )


def gather(
    environment: Environment, *, backend: Backend | None = None, client: Callable[..., Any] | None = None
) -> Usage:
    """What an environment uses, as far as its cloud can say: how long functions take, what S3 holds.

    Args:
        backend: The environment's backend, where the caller has it.
        client: Makes the environment's clients.

    Raises:
        LocalCloudError: the environment's cloud is a local one that is not running.
    """
    from scones import aws

    client = client or aws.client
    backend = backend or Backend.of(environment)
    usage = configured(environment)
    bucket = backend.read("foundation").outputs.get("bucket")
    names = backend.read("service").outputs.get("function_names") or {}
    seconds = {key: _measured(client(environment, "cloudwatch"), name) for key, name in names.items()}
    functions = tuple(replace(one, seconds=seconds.get(one.name) or one.seconds) for one in usage.functions)
    stored = _stored(client(environment, "s3"), bucket) if bucket else 0.0
    measured = bool(seconds) and all(seconds.values())
    return replace(usage, functions=functions, stored_gb=stored, measured=measured, applied=bool(names))


def what_if(
    usage: Usage, *, instance_type: str | None = None, instances: int | None = None, hours_a_week: float | None = None
) -> Usage:
    """The same on another instance type, number of instances, or hours a week that the endpoint runs.

    Raises:
        InputError: there are no such hours, or no instance.
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
    """The states of an execution that passes: each is a transition (Step Functions' pricing page)."""
    count, name = 0, definition["StartAt"]
    while name:
        count, name = count + 1, definition["States"][name].get("Next")
    return count


def alarm_metrics(*, answering: int, functions: int, silence: bool = True, captures: bool = True) -> int:
    """How many metrics all alarms watch together.

    Args:
        answering: How many variants answer requests; a shadow's are not watched.
        functions: How many functions there are, one of which fails on purpose where an answer is not sure enough.
        silence: Whether an alarm goes off where nobody asks.
        captures: Whether one goes off where captures stop.
    """
    executions = 1 + 2  # that fail; of low confidence, as a share of those that pass
    # Errors and throttles of each; low confidence is taken from one's errors.
    return (VARIANT_METRICS + ROLLBACK_METRICS) * answering + executions + 2 * functions + 1 + silence + 2 * captures


def hours_a_month(schedule: Mapping[str, Any] | None) -> float:
    """The hours a month of an ``endpoint_hours``; all of them where there is none.

    Raises:
        SettingsError: it is not what Terraform takes.
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
    """Each is paid for in each availability zone."""
    if not vpc:
        return 0
    return len(vpc.get("interface_endpoints") or ["sagemaker.runtime"]) * int(vpc.get("availability_zones") or 2)


def _measured(cloudwatch: Any, function: str) -> float | None:
    """How long a function's calls took on average in the last 30 days, in seconds; None where there were none."""
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
