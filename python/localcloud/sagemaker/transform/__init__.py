"""SageMaker batch transform. It runs; moto's jobs are Completed at once and write nothing.

``CreateTransformJob`` starts one process of ``imageclassification.serve`` with the model's artifact, sends it every
record of the input, and writes ``INPUT.out`` for each object of which all records were answered. The model's role reads
and writes. ``StopTransformJob``, which moto lacks, ends the job. A job that ran when the cloud ended goes on with the
objects that it has not written.

Some things differ from AWS. The instance count is only a number. There is no data capture. The model is one of the
built-in Image Classification, which takes images only. A request for something else is refused by name.
"""

from __future__ import annotations

import shutil
import threading
from functools import partial

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ValidationError
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from localcloud.context import Context
from localcloud.sagemaker import status_changes
from localcloud.sagemaker.gaps import missing_names
from localcloud.sagemaker.transform.job import TransformJob
from localcloud.sagemaker.transform.listing import page
from localcloud.sagemaker.transform.request import check, check_data, model_of
from localcloud.sagemaker.transform.run import run


def install(context: Context) -> None:
    """Replace moto's ``CreateTransformJob`` and ``ListTransformJobs``, and add ``StopTransformJob``."""
    context.starting.append(lambda: resume(context))

    def create_transform_job(self: SageMakerResponse) -> ActionResult:
        account, region = self.current_account, self.region
        check(self.params)
        model = model_of(self.sagemaker_backend, self.params["ModelName"], context.roles)
        job = TransformJob(self.params, model, roles=context.roles, account=account, region=region)
        check_data(self.params, job.role)
        jobs = self.sagemaker_backend.transform_jobs
        if jobs.setdefault(job.transform_job_name, job) is not job:
            raise ResourceInUseException(
                "Transform job names must be unique within an AWS account and region, "
                f"and a transform job with this name already exists ({job.arn})"
            )
        status_changes.transform_job(job)
        _begin(job, context)
        return ActionResult({"TransformJobArn": job.arn})

    def stop_transform_job(self: SageMakerResponse) -> EmptyResult:
        name = self.params["TransformJobName"]
        job = self.sagemaker_backend.transform_jobs.get(name)
        if job is None:
            raise ValidationError(missing_names.TRANSFORM_JOB.format(name))
        job.stop()
        status_changes.transform_job(job)
        return EmptyResult()

    def list_transform_jobs(self: SageMakerResponse) -> ActionResult:
        jobs = list(self.sagemaker_backend.transform_jobs.values())
        return ActionResult(page([job for job in jobs if isinstance(job, TransformJob)], self.params))

    for action in (create_transform_job, stop_transform_job, list_transform_jobs):
        setattr(SageMakerResponse, action.__name__, action)


def resume(context: Context) -> None:
    """Go on with the jobs that ran when the cloud ended."""
    shutil.rmtree(context.place("transform"), ignore_errors=True)  # the processes of an earlier cloud have ended
    for _, _, backend in sagemaker_backends.iter_backends():
        for job in backend.transform_jobs.values():
            if isinstance(job, TransformJob) and job.runs:
                _begin(job, context)


def _begin(job: TransformJob, context: Context) -> None:
    keep = partial(context.backends.keep, {("sagemaker", job.account, job.region)})
    threading.Thread(target=run, args=(job, context, keep), name=job.transform_job_name, daemon=True).start()
