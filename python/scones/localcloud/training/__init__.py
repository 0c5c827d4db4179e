"""SageMaker training jobs that really train (moto's are complete at birth and leave no artifact).

Example::

    install(Context(state, "http://127.0.0.1:5000", Children()))

``CreateTrainingJob`` for the built-in Image Classification image runs ``scones.algorithm`` over the S3 channels, in a
process of its own; ``StopTrainingJob``, which moto lacks, and ``MaxRuntimeInSeconds`` end it.

Otherwise than on AWS: one instance; channels of S3 prefixes in File mode; neither checkpoints nor debugger rules; a
managed spot job is never interrupted. What is not supported is refused by name.
"""

from __future__ import annotations

import shutil
import threading

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ValidationError
from moto.sagemaker.responses import SageMakerResponse

from scones.localcloud.context import Context
from scones.localcloud.training.job import Job
from scones.localcloud.training.request import check
from scones.localcloud.training.runner import run


def install(context: Context) -> None:
    """Make moto's ``CreateTrainingJob`` run the algorithm, and give it ``StopTrainingJob``."""
    shutil.rmtree(context.state / "training", ignore_errors=True)  # of a cloud that was killed
    creating = threading.Lock()

    def create_training_job(self: SageMakerResponse) -> ActionResult:
        check(self.params)
        job = Job(self.params, account=self.current_account, region=self.region)
        jobs = self.sagemaker_backend.training_jobs
        with creating:
            if job.training_job_name in jobs:
                raise ResourceInUseException(
                    "Training job names must be unique within an AWS account and region, "
                    f"and a training job with this name already exists ({job.arn})"
                )
            jobs[job.training_job_name] = job
        threading.Thread(target=run, args=(job, context), name=job.training_job_name, daemon=True).start()
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
