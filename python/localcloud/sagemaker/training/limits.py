"""Training jobs keep to the account's quota of instances (:mod:`localcloud.servicequotas`).

AWS: SageMaker API Reference, CreateTrainingJob, ResourceLimitExceeded. A tuning job is refused at its creation too, if
its parallel trials do not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.sagemaker.exceptions import SagemakerClientError
from moto.sagemaker.models import sagemaker_backends

from localcloud.context import Context
from localcloud.sagemaker.training.job import Job
from localcloud.servicequotas import operations, quotas


class ResourceLimitExceeded(SagemakerClientError):
    """A quota is too low. The message is AWS's."""

    code = "ResourceLimitExceeded"


def check(resources: Mapping[str, Any], jobs: int, *, account: str, region: str, context: Context) -> None:
    """Refuse jobs for which the quota has no instances.

    Args:
        resources: A job's ResourceConfig.
        jobs: The number of jobs at a time.

    Raises:
        ResourceLimitExceeded: The running jobs and these have more instances of the type than the quota.
    """
    wanted = resources["InstanceType"]
    name, delta = quotas.name_of(wanted), jobs * resources.get("InstanceCount", 1)
    known = list(sagemaker_backends[account][region].training_jobs.values())
    running = [one.request["ResourceConfig"] for one in known if isinstance(one, Job) and one.runs]
    used = sum(one.get("InstanceCount", 1) for one in running if one["InstanceType"] == wanted)
    limit = quotas.value(context.place(operations.FILE), region, name)
    if used + delta > limit:
        raise ResourceLimitExceeded(
            f"The account-level service limit '{name}' is {limit:.0f} Instances, with current utilization of {used} "
            f"Instances and a request delta of {delta} Instances. Please use AWS Service Quotas to request an increase "
            "for this quota. If AWS Service Quotas is not available, contact AWS support to request an increase for "
            "this quota."
        )
