"""SageMaker hyperparameter tuning jobs that really try (moto's are complete at birth, with an invented best job).

Example::

    install(Context(state, "http://127.0.0.1:5000", Children()))

Every trial is a training job of the local cloud's own, started by the code of ``CreateTrainingJob``: it has a log,
metrics and an artifact, is named as SageMaker names it (``<tuning job>-001-0a1b2c3d``) and says whose trial it is
(TuningJobArn). ``ListTrainingJobsForHyperParameterTuningJob`` and ``StopHyperParameterTuningJob`` are what moto lacks.

Otherwise than on AWS: Bayesian search is Optuna's (see ``search``); neither Hyperband, warm start, autotune,
convergence detection nor more than one training job definition. What is not supported is refused by name.
"""

from __future__ import annotations

import threading
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.responses import SageMakerResponse

from localcloud.context import Context
from localcloud.sagemaker import training
from localcloud.sagemaker.tuning.job import TuningJob
from localcloud.sagemaker.tuning.listing import page
from localcloud.sagemaker.tuning.request import read
from localcloud.sagemaker.tuning.run import ENDED


def install(context: Context) -> None:
    """Make moto's ``CreateHyperParameterTuningJob`` start trials, and give it the actions that it lacks."""

    def create_hyper_parameter_tuning_job(self: SageMakerResponse) -> ActionResult:
        account, region = self.current_account, self.region
        plan = read(self.params)

        def launch(request: Any, changed: Any) -> Any:
            return training.start(
                request, account=account, region=region, context=context, tuning_job_arn=job.arn, changed=changed
            )

        job = TuningJob(self.params, plan, account=account, region=region, launch=launch)
        jobs = self.sagemaker_backend.hyper_parameter_tuning_jobs
        if jobs.setdefault(job.hyper_parameter_tuning_job_name, job) is not job:
            raise ResourceInUseException(
                "Hyperparameter tuning job names must be unique within an AWS account and region, "
                f"and a hyperparameter tuning job with this name already exists ({job.arn})"
            )
        threading.Thread(target=job.run, name=job.hyper_parameter_tuning_job_name, daemon=True).start()
        return ActionResult({"HyperParameterTuningJobArn": job.arn})

    def stop_hyper_parameter_tuning_job(self: SageMakerResponse) -> EmptyResult:
        _find(self).stop()
        return EmptyResult()

    def list_training_jobs_for_hyper_parameter_tuning_job(self: SageMakerResponse) -> ActionResult:
        return ActionResult(page(_find(self).trials(), self.params))

    def delete_hyper_parameter_tuning_job(self: SageMakerResponse) -> EmptyResult:
        job = _find(self)
        if job.hyper_parameter_tuning_job_status not in ENDED:
            raise ValidationError(
                f"The hyperparameter tuning job is in status {job.hyper_parameter_tuning_job_status}: stop it first."
            )
        del self.sagemaker_backend.hyper_parameter_tuning_jobs[job.hyper_parameter_tuning_job_name]
        return EmptyResult()

    for action in (
        create_hyper_parameter_tuning_job,
        stop_hyper_parameter_tuning_job,
        list_training_jobs_for_hyper_parameter_tuning_job,
        delete_hyper_parameter_tuning_job,
    ):
        setattr(SageMakerResponse, action.__name__, action)


def _find(response: SageMakerResponse) -> TuningJob:
    name = response.params["HyperParameterTuningJobName"]
    job = response.sagemaker_backend.hyper_parameter_tuning_jobs.get(name)
    if job is None:
        raise ResourceNotFound(message=f"Could not find hyper parameter tuning job '{name}'.")
    return job
