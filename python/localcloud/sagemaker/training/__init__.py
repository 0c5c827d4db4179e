"""SageMaker training jobs. They train; moto's are Completed at once and have no artifact.

``CreateTrainingJob`` for the built-in Image Classification image runs ``imageclassification.train`` in a process of
its own. ``StopTrainingJob``, which moto lacks, and ``MaxRuntimeInSeconds`` end the process.

Channels have File, FastFile or Pipe mode and read S3 prefixes, manifests or augmented manifests. Checkpoints are kept
in S3. Some things differ from AWS: a job has one instance, a managed spot job is never interrupted, and there are
neither file systems nor debugger rules. A request for an unsupported field is refused, and the message names the field.
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
from localcloud.sagemaker import status_changes
from localcloud.sagemaker.gaps import missing_names
from localcloud.sagemaker.role import ExecutionRole
from localcloud.sagemaker.training import limits
from localcloud.sagemaker.training.job import Job
from localcloud.sagemaker.training.request import check, check_data, check_network
from localcloud.sagemaker.training.runner import run


def install(context: Context) -> None:
    """Replace moto's ``CreateTrainingJob`` and add ``StopTrainingJob``."""
    context.starting.append(lambda: resume(context))

    def create_training_job(self: SageMakerResponse) -> ActionResult:
        job = start(self.params, account=self.current_account, region=self.region, context=context)
        return ActionResult({"TrainingJobArn": job.arn})

    def stop_training_job(self: SageMakerResponse) -> EmptyResult:
        name = self.params["TrainingJobName"]
        job = self.sagemaker_backend.training_jobs.get(name)
        if job is None:
            raise ValidationError(missing_names.TRAINING_JOB)
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
    """CreateTrainingJob: check a request and start the job in a thread.

    Args:
        request: CreateTrainingJob's parameters.
        tuning_job_arn: The tuning job that starts this job. None if a caller starts it.
        changed: Called with the job when it has new metrics and when it has ended, from the job's thread.

    Raises:
        ValidationError: AWS refuses the request, or the local cloud does not support it.
        ResourceInUseException: The account and region have a training job of this name.
        ResourceLimitExceeded: The quota for the instance type is too low.
    """
    check(request)
    if tuning_job_arn is None:  # a tuning job has asked for its trials
        limits.check(request["ResourceConfig"], 1, account=account, region=region, context=context)
    check_network(request, account=account, region=region)
    role = ExecutionRole(context.roles, request["RoleArn"], account=account, region=region)
    if tuning_job_arn is None:  # a trial without data fails, since nobody is there to hear of it
        check_data(request, role)
    job = Job(request, role=role, tuning_job_arn=tuning_job_arn, changed=keeper(context, account, region, changed))
    jobs = sagemaker_backends[account][region].training_jobs
    if jobs.setdefault(job.training_job_name, job) is not job:
        raise ResourceInUseException(
            "Training job names must be unique within an AWS account and region, "
            f"and a training job with this name already exists ({job.arn})"
        )
    status_changes.training_job(job)
    _begin(job, context)
    return job


def keeper(
    context: Context, account: str, region: str, changed: Callable[[Job], None] | None = None
) -> Callable[[Job], None]:
    """What is called when a job changes: it keeps the job, before it tells anybody else."""

    def keep(job: Job) -> None:
        if job.training_job_name in sagemaker_backends[account][region].training_jobs:
            status_changes.training_job(job)  # before: an event that is sent twice is better than one that is lost
            context.backends.keep({("sagemaker", account, region)})
        if changed:
            changed(job)

    return keep


def resume(context: Context) -> None:
    """Go on with the jobs that ran when the cloud ended, each from its last checkpoint."""
    names = set()
    for account, region, backend in sagemaker_backends.iter_backends():
        for job in backend.training_jobs.values():
            if isinstance(job, Job) and job.runs:
                names.add(job.training_job_name)
                if job.tuning_job_arn is None:  # a trial's tuning job has told the job whom to tell
                    job.tell(keeper(context, account, region))
                _begin(job, context)
    for folder in context.place("training").glob("*"):
        if folder.name not in names:
            shutil.rmtree(folder, ignore_errors=True)


def _begin(job: Job, context: Context) -> None:
    threading.Thread(target=run, args=(job, context), name=job.training_job_name, daemon=True).start()
