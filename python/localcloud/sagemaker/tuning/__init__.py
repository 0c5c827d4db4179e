"""SageMaker hyperparameter tuning jobs. They train; moto's are Completed at once and invent their best job.

Every trial is a training job, started by the code of ``CreateTrainingJob``. It has a log, metrics, an artifact and a
TuningJobArn. Its name has SageMaker's form, ``<tuning job>-001-0a1b2c3d``. This package adds two actions that moto
lacks: ``ListTrainingJobsForHyperParameterTuningJob`` and ``StopHyperParameterTuningJob``.

Some things differ from AWS. Bayesian search is Optuna's (see ``search``). There is no Hyperband, warm start, autotune
or convergence detection, and only one training job definition. A request for an unsupported field is refused, and the
message names the field.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from localcloud.context import Context
from localcloud.sagemaker import status_changes, training
from localcloud.sagemaker.gaps import missing_names
from localcloud.sagemaker.role import ExecutionRole
from localcloud.sagemaker.training import limits
from localcloud.sagemaker.training.request import check_data, check_network
from localcloud.sagemaker.tuning.job import Launch, TuningJob
from localcloud.sagemaker.tuning.listing import page
from localcloud.sagemaker.tuning.request import read, resources
from localcloud.sagemaker.tuning.run import ENDED, TrainingJob


def install(context: Context) -> None:
    """Replace moto's ``CreateHyperParameterTuningJob`` and add the missing actions."""
    context.starting.append(lambda: resume(context))

    def create_hyper_parameter_tuning_job(self: SageMakerResponse) -> ActionResult:
        account, region = self.current_account, self.region
        plan = read(self.params)
        definition = self.params["TrainingJobDefinition"]
        most = self.params["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxParallelTrainingJobs"]
        limits.check(resources(definition), most, account=account, region=region, context=context)
        check_network(definition, account=account, region=region)
        check_data(definition, ExecutionRole(context.roles, definition["RoleArn"], account=account, region=region))

        def launch(request: Mapping[str, Any], changed: Callable[[TrainingJob], None]) -> TrainingJob:
            return launcher(job, context)(request, changed)

        job = TuningJob(self.params, plan, account=account, region=region, launch=launch)
        jobs = self.sagemaker_backend.hyper_parameter_tuning_jobs
        if jobs.setdefault(job.hyper_parameter_tuning_job_name, job) is not job:
            raise ResourceInUseException(
                "Hyperparameter tuning job names must be unique within an AWS account and region, "
                f"and a hyperparameter tuning job with this name already exists ({job.arn})"
            )
        status_changes.tuning_job(job)
        _begin(job, context)
        return ActionResult({"HyperParameterTuningJobArn": job.arn})

    def stop_hyper_parameter_tuning_job(self: SageMakerResponse) -> EmptyResult:
        job = _find(self)
        job.stop()
        status_changes.tuning_job(job)
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


def launcher(job: TuningJob, context: Context) -> Launch:
    """Starts the training jobs of a tuning job."""
    region, account = job.arn.split(":")[3:5]

    def launch(request: Mapping[str, Any], changed: Callable[[TrainingJob], None]) -> TrainingJob:
        return training.start(
            request, account=account, region=region, context=context, tuning_job_arn=job.arn, changed=changed
        )

    return launch


def resume(context: Context) -> None:
    """Go on with the tuning jobs that ran when the cloud ended. Their training jobs go on by themselves."""
    for _, _, backend in sagemaker_backends.iter_backends():
        for job in backend.hyper_parameter_tuning_jobs.values():
            if isinstance(job, TuningJob) and job.hyper_parameter_tuning_job_status not in ENDED:
                job.resume(launcher(job, context), partial(_tell, context))
                _begin(job, context)


def _tell(context: Context, job: TrainingJob, changed: Callable[[TrainingJob], None]) -> None:
    assert isinstance(job, training.Job)
    job.tell(training.keeper(context, job.account, job.region, changed))


def _begin(job: TuningJob, context: Context) -> None:
    region, account = job.arn.split(":")[3:5]

    def run() -> None:
        job.run()
        status_changes.tuning_job(job)
        context.backends.keep({("sagemaker", account, region)})

    threading.Thread(target=run, name=job.hyper_parameter_tuning_job_name, daemon=True).start()


def _find(response: SageMakerResponse) -> TuningJob:
    name = response.params["HyperParameterTuningJobName"]
    job = response.sagemaker_backend.hyper_parameter_tuning_jobs.get(name)
    if job is None:
        raise ResourceNotFound(message=missing_names.TUNING_JOB.format(name))
    return job
