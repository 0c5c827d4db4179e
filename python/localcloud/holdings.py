"""What people count of moto's services: the kinds of resources, and where a backend has them.

Example::

    >>> from types import SimpleNamespace
    >>> held("sqs", SimpleNamespace(queues={"images": object()}))
    {'queue': 1}
    >>> held("sts", SimpleNamespace())
    {}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from typing import Any

_RUNNING = ("InProgress", "Stopping")


def _with(resources: Mapping[str, Any], attribute: str, values: Sequence[str]) -> list[Any]:
    """The resources whose attribute has one of some values."""
    return [one for one in resources.values() if getattr(one, attribute, None) in values]


#: By moto's name of the service.
KINDS: dict[str, dict[str, Callable[[Any], Sized]]] = {
    "s3": {"bucket": lambda one: one.buckets},
    "sqs": {"queue": lambda one: one.queues},
    "sns": {"topic": lambda one: one.topics, "subscription": lambda one: one.subscriptions},
    "kms": {"key": lambda one: one.keys},
    "lambda": {
        "function": lambda one: one._lambdas._functions,
        "alias": lambda one: [alias for found in one._lambdas._aliases.values() for alias in found],
        "layer version": lambda one: [each for layer in one._layers._layers.values() for each in layer.layer_versions],
        "event source mapping": lambda one: one._event_source_mappings,
    },
    "logs": {"log group": lambda one: one.groups},
    "cloudwatch": {"alarm": lambda one: one.alarms},
    "events": {"rule": lambda one: [rule for bus in one.event_buses.values() for rule in bus.rules]},
    "scheduler": {"schedule": lambda one: [name for group in one.schedule_groups.values() for name in group.schedules]},
    "iam": {"role": lambda one: one.roles, "user": lambda one: one.users},
    "sagemaker": {
        "training job": lambda one: one.training_jobs,
        "tuning job": lambda one: one.hyper_parameter_tuning_jobs,
        "transform job": lambda one: one.transform_jobs,
        "running training job": lambda one: _with(one.training_jobs, "training_job_status", _RUNNING),
        "running tuning job": lambda one: _with(
            one.hyper_parameter_tuning_jobs, "hyper_parameter_tuning_job_status", _RUNNING
        ),
        "running transform job": lambda one: _with(one.transform_jobs, "transform_job_status", _RUNNING),
        "model package": lambda one: one.model_packages,
        "model": lambda one: one._models,
        "endpoint": lambda one: one.endpoints,
    },
}


def held(service: str, backend: Any) -> dict[str, int]:
    """How many resources of each kind a backend has."""
    found = {kind: len(of(backend)) for kind, of in KINDS.get(service, {}).items()}
    return {kind: number for kind, number in found.items() if number}
