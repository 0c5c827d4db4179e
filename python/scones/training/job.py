"""Starts, follows and stops SageMaker training jobs of the built-in Image Classification algorithm.

Example (not run: it needs an AWS account)::

    environment = settings.load("dev")
    name = start(environment, spec)
    outcome = follow(environment, name, print)
    outcome.job.artifact_uri      # 's3://BUCKET/models/scones-dev-20260101-120000/output/model.tar.gz'

Jobs are created and read through ``sagemaker.core``, the resource layer of SageMaker's SDK. It accepts a boto3 session,
but no endpoint. The project therefore passes a session that returns the project's own client.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imageclassification.hyperparameters import Hyperparameters
from scones import aws, revision
from scones.errors import TrainingError
from scones.settings import PROJECT
from scones.training import described, failures
from scones.training.described import DescribedJob, TrainingOutcome
from scones.training.progress import Progress
from scones.training.request import new_name, request
from scones.training.spreading import once_known

if TYPE_CHECKING:
    from scones.settings import Environment
    from scones.training.spec import JobSpec

#: The tag with the git commit that started a job.
COMMIT_TAG = "GitCommit"

_SECONDS_BETWEEN_LOOKS = (1.0, 5.0)  # between the first looks, and after some minutes


def start(
    environment: Environment,
    spec: JobSpec,
    *,
    name: str | None = None,
    tags: Mapping[str, str] | None = None,
    client: Callable[..., Any] = aws.client,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Create a training job.

    Args:
        spec: The job's data and settings. Without a ``checkpoint_uri``, checkpoints go to ``checkpoints/<name>`` in
            the bucket.
        name: The job's name. By default, it is made of the environment and the time.
        tags: Tags in addition to the project's own (Project, Environment, Workload, GitCommit).
        client: Makes boto3 clients.
        sleep: Waits for some seconds, if SageMaker does not know the job's role yet.

    Returns:
        The job's name.

    Raises:
        InputError: the name or the environment's instance type cannot be used.
        TrainingError: a job with this name exists, or the account's quota is too low.
    """
    from botocore.exceptions import ClientError

    name = name or new_name(environment)
    if spec.checkpoint_uri is None:
        spec = replace(spec, checkpoint_uri=f"s3://{spec.bucket}/checkpoints/{name}")
    asked = request(environment, spec, name=name, tags={**own_tags(environment), **(tags or {})})
    resource, where = _resource(environment, client)
    try:
        once_known(lambda: resource.create(**asked, **where), sleep=sleep)
    except ClientError as error:
        raise failures.refused(error, environment, name) from error
    return name


def own_tags(environment: Environment) -> dict[str, str]:
    """The project's tags for a job."""
    # invoke down finds jobs by Workload, and a budget may filter by it. Terraform's default tags have the same value.
    return {
        "Project": PROJECT,
        "Environment": environment.name,
        "Workload": environment.workload,
        COMMIT_TAG: revision.commit(environment.root),
    }


def describe(environment: Environment, name: str, *, client: Callable[..., Any] = aws.client) -> DescribedJob:
    """The current state of a job.

    Raises:
        TrainingError: the job does not exist.
    """
    return described.read(_get(environment, name, client))


def resumable(environment: Environment, name: str, *, client: Callable[..., Any] = aws.client) -> DescribedJob:
    """A job that failed or was stopped. Another job can resume from its checkpoints.

    Raises:
        TrainingError: the job does not exist, still runs, has completed, or has no checkpoints.
    """
    job = describe(environment, name, client=client)
    if job.status in ("InProgress", "Stopping"):
        raise TrainingError(
            f"training job '{name}' still runs",
            hint=f"to follow it: invoke train --attach {name} --env {environment.name}",
        )
    if job.status == "Completed":
        raise TrainingError(
            f"training job '{name}' completed, so there is nothing to resume",
            hint=f"to train further from its model: invoke train --model {job.artifact_uri} --env {environment.name}",
        )
    anew = "start a new one: invoke train"
    if job.checkpoint_uri is None:
        raise TrainingError(f"training job '{name}' has no checkpoints to resume from", hint=anew)
    if job.dataset_uri is None:
        raise TrainingError(f"training job '{name}' has no data to resume with: {job.without_dataset}", hint=anew)
    return job


def stop(environment: Environment, name: str, *, client: Callable[..., Any] = aws.client) -> None:
    """Stop a job, unless it has ended. SageMaker gives it two minutes to write its best model.

    Raises:
        TrainingError: the job does not exist.
    """
    resource = _get(environment, name, client)
    if resource.training_job_status == "InProgress":
        resource.stop()


def follow(
    environment: Environment,
    name: str,
    view: Callable[[Progress], None] = lambda progress: None,
    *,
    client: Callable[..., Any] = aws.client,
    sleep: Callable[[float], None] = time.sleep,
) -> TrainingOutcome:
    """Wait for a job to complete, and report its progress.

    Args:
        view: Called with the progress every few seconds.
        client: Makes boto3 clients.
        sleep: Waits between two requests.

    Raises:
        TrainingError: the job does not exist, failed or was stopped. The message has the reason and the last lines of
            its log.
    """
    from scones.training.logs import LogReader

    resource = _get(environment, name, client)
    reader = LogReader(client(environment, "logs"), name)
    asked = (resource.hyper_parameters or {}).get("epochs", "")
    progress = Progress(name, int(asked) if asked.isdecimal() else Hyperparameters.epochs)
    waited, late = 0.0, 0
    while True:
        progress = replace(progress, status=resource.training_job_status, secondary_status=resource.secondary_status)
        for line in reader.read():
            progress = progress.after(line)
        view(progress)
        # The last log lines may arrive a few seconds after the job's end.
        if progress.finished and (not _is_owed_lines(progress) or late == 3):
            break
        late += progress.finished
        pause = min(_SECONDS_BETWEEN_LOOKS[1], _SECONDS_BETWEEN_LOOKS[0] + waited / 60)
        sleep(pause)
        waited += pause
        resource.refresh()
    job = described.read(resource)
    if job.status != "Completed":
        raise failures.ended(job, progress, environment)
    return TrainingOutcome(job, progress)


def _is_owed_lines(progress: Progress) -> bool:
    if progress.status == "Completed":
        return progress.kept is None
    return progress.status == "Failed" and not progress.tail


def _get(environment: Environment, name: str, client: Callable[..., Any]) -> Any:
    from botocore.exceptions import ClientError

    resource, where = _resource(environment, client)
    try:
        return resource.get(training_job_name=name, **where)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound", "ValidationError"):
            raise TrainingError(
                f"environment '{environment.name}' has no training job '{name}': {error.response['Error']['Message']}",
                hint="invoke train prints the name; SageMaker's console lists all jobs",
            ) from None
        raise


def _resource(environment: Environment, client: Callable[..., Any]) -> tuple[Any, dict[str, Any]]:
    """``TrainingJob`` of ``sagemaker.core``, and the arguments for the environment's client."""
    import boto3
    from sagemaker.core.resources import TrainingJob

    class Session(boto3.Session):
        """Returns the project's client. sagemaker.core has no other way to set an endpoint."""

        def client(self, service_name: str, *args: Any, **kwargs: Any) -> Any:
            return client(environment, service_name) if service_name == "sagemaker" else None

    return TrainingJob, {"session": Session(region_name=environment.region), "region": environment.region}
