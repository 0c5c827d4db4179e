"""SageMaker training jobs that really train (moto's are complete at birth and leave no artifact).

Example::

    install(Context(state, "http://127.0.0.1:5000", Children()))

``CreateTrainingJob`` for the built-in Image Classification image runs ``imageclassification`` over the S3 channels, in
a process of its own; ``StopTrainingJob``, which moto lacks, and ``MaxRuntimeInSeconds`` end it.

Channels come in File, FastFile and Pipe mode, from prefixes, manifests and augmented manifests; checkpoints are kept
in S3. Otherwise than on AWS: one instance; no file systems; no debugger rules; a managed spot job is never interrupted.
What is not supported is refused by name.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ValidationError
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from localcloud.context import Context
from localcloud.sagemaker.role import ExecutionRole
from localcloud.sagemaker.training.job import Job
from localcloud.sagemaker.training.request import check, check_network
from localcloud.sagemaker.training.runner import run


def install(context: Context) -> None:
    """Make moto's ``CreateTrainingJob`` run the algorithm, and give it ``StopTrainingJob``."""
    shutil.rmtree(context.state / "training", ignore_errors=True)  # of a cloud that was killed

    def create_training_job(self: SageMakerResponse) -> ActionResult:
        job = start(self.params, account=self.current_account, region=self.region, context=context)
        return ActionResult({"TrainingJobArn": job.arn})

    def stop_training_job(self: SageMakerResponse) -> EmptyResult:
        name = self.params["TrainingJobName"]
        job = self.sagemaker_backend.training_jobs.get(name)
        if job is None:
            raise ValidationError(f"Requested resource not found: training job '{name}'.")
        job.stop()
        return EmptyResult()

    SageMakerResponse.create_training_job = create_training_job
    SageMakerResponse.stop_training_job = stop_training_job


def start(
    request: Mapping[str, Any],
    *,
    account: str,
    region: str,
    context: Context,
    tuning_job_arn: str | None = None,
    changed: Callable[[Job], None] | None = None,
) -> Job:
    """Check a request and run it as a training job of an account and region: CreateTrainingJob.

    Args:
        request: CreateTrainingJob's parameters.
        tuning_job_arn: The tuning job whose trial it is.
        changed: Called with the job, from the job's own thread, when it has new metrics and when it has ended.

    Raises:
        ValidationError: AWS refuses the request, or the local cloud cannot do it.
        ResourceInUseException: there is a job of that name.
    """
    check(request)
    check_network(request, account=account, region=region)
    role = ExecutionRole(context.roles, request["RoleArn"], account=account, region=region)
    job = Job(request, role=role, tuning_job_arn=tuning_job_arn, changed=changed)
    jobs = sagemaker_backends[account][region].training_jobs
    if jobs.setdefault(job.training_job_name, job) is not job:
        raise ResourceInUseException(
            "Training job names must be unique within an AWS account and region, "
            f"and a training job with this name already exists ({job.arn})"
        )
    threading.Thread(target=run, args=(job, context), name=job.training_job_name, daemon=True).start()
    return job
