"""Lists and stops an environment's training and tuning jobs, without following them.

Example (not run: it needs a running cloud)::

    [job.name for job in listed(environment) if job.running]
    stop(environment, "scones-dev-20260101-120000")

Jobs are found by their tag Workload, which :mod:`scones.training.request` gives to all of them. The trials of a tuning
job are not listed; the tuning job is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scones import aws
from scones.errors import TrainingError
from scones.training import job as training
from scones.training import tuning

if TYPE_CHECKING:
    from scones.settings import Environment

_RUNNING = ("InProgress", "Stopping")


@dataclass(frozen=True)
class ListedJob:
    """A training or tuning job.

    Attributes:
        kind: ``training`` or ``tuning``.
        status: SageMaker's: ``InProgress``, ``Completed``, ``Failed``, ``Stopping`` or ``Stopped``.
        ended: None as long as it runs.
    """

    name: str
    kind: str
    status: str
    created: datetime
    ended: datetime | None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.status in _RUNNING


def listed(environment: Environment, *, client: Callable[..., Any] = aws.client) -> list[ListedJob]:
    """The environment's jobs, newest first.

    Raises:
        LocalCloudError: the environment's local cloud is not running.
    """
    sagemaker = client(environment, "sagemaker")
    found = []
    for resource, kind in (("TrainingJob", "training"), ("HyperParameterTuningJob", "tuning")):
        wanted = {"Filters": [{"Name": "Tags.Workload", "Operator": "Equals", "Value": environment.workload}]}
        pages = sagemaker.get_paginator("search").paginate(Resource=resource, SearchExpression=wanted)
        for one in [result[resource] for page in pages for result in page["Results"]]:
            if one.get("TuningJobArn"):
                continue
            found.append(
                ListedJob(
                    name=one[f"{resource}Name"],
                    kind=kind,
                    status=one[f"{resource}Status"],
                    created=one["CreationTime"],
                    ended=one.get("TrainingEndTime") or one.get("HyperParameterTuningEndTime"),
                )
            )
    return sorted(found, key=lambda one: one.created, reverse=True)


def stop(environment: Environment, name: str, *, client: Callable[..., Any] = aws.client) -> ListedJob:
    """Ask a job to stop. What it has reached is kept. Returns the job as it was before.

    Raises:
        TrainingError: the environment has no such job.
        LocalCloudError: the environment's local cloud is not running.
    """
    found = {one.name: one for one in listed(environment, client=client)}
    if name not in found:
        running = ", ".join(one.name for one in found.values() if one.running)
        raise TrainingError(
            f"environment '{environment.name}' has no job '{name}'",
            hint=f"these run: {running}" if running else f"none runs; all: invoke jobs --all --env {environment.name}",
        )
    if found[name].running:
        (training if found[name].kind == "training" else tuning).stop(environment, name, client=client)
    return found[name]
