"""SageMaker training jobs of the built-in Image Classification algorithm: asked for, followed, explained.

Example::

    environment = settings.load("dev")
    name = start(environment, dataset_uri, chosen, bucket="scones-dev-1", role_arn="arn:aws:iam::1:role/training")
    outcome = follow(environment, name, print)
    outcome.job.artifact_uri      # 's3://BUCKET/models/scones-dev-20260101-120000/output/model.tar.gz'

Jobs are created and read through ``sagemaker.core``, the resource layer of SageMaker's SDK. It makes its clients from a
boto3 session, with no word on an endpoint; so it is given a session that holds the project's own client.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from imageclassification.hyperparameters import Hyperparameters
from scones import aws, revision
from scones.errors import TrainingError
from scones.settings import PROJECT
from scones.training import failures
from scones.training.progress import Progress
from scones.training.request import ANYWHERE, Placement, image_uri, new_name, request

if TYPE_CHECKING:
    from scones.settings import Environment

#: The tag that says which commit started a job.
COMMIT_TAG = "GitCommit"

_SECONDS_BETWEEN_LOOKS = (1.0, 5.0)  # at first, and once a job takes minutes


@dataclass(frozen=True)
class Job:
    """A training job as it stands.

    Attributes:
        name: Its name.
        arn: Its ARN.
        status: InProgress, Completed, Failed, Stopping or Stopped.
        secondary_status: What it is doing: Starting, Downloading, Training, Uploading, MaxRuntimeExceeded, …
        failure_reason: Why it failed; None where it did not.
        image_uri: The algorithm's image in ECR.
        artifact_uri: Where its model is, or will be: ``s3://…/model.tar.gz``.
        dataset_uri: The data set that it trained on: ``s3://BUCKET/datasets/<fingerprint>``.
        recordio: Whether it trained on the data set's RecordIO files.
        model_uri: The artifact that it started from; None where it started from scratch.
        checkpoint_uri: Where its checkpoints are; None where it leaves none.
        hyperparameters: As it was sent them.
        metrics: Final metrics by name: each one's last value.
        billable_seconds: What is paid for; None until it has ended.
    """

    name: str
    arn: str
    status: str
    secondary_status: str
    failure_reason: str | None
    image_uri: str
    artifact_uri: str | None
    dataset_uri: str | None
    recordio: bool = False
    model_uri: str | None = None
    checkpoint_uri: str | None = None
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    billable_seconds: int | None = None


@dataclass(frozen=True)
class Outcome:
    """A job that completed, and what its log said."""

    job: Job
    progress: Progress


def start(
    environment: Environment,
    dataset_uri: str,
    chosen: Hyperparameters,
    *,
    bucket: str,
    role_arn: str,
    name: str | None = None,
    recordio: bool = False,
    model_uri: str | None = None,
    checkpoint_uri: str | None = None,
    tags: Mapping[str, str] | None = None,
    placement: Placement = ANYWHERE,
    client: Callable[..., Any] = aws.client,
) -> str:
    """Create a training job.

    Args:
        dataset_uri: Where the data set was uploaded to, ``s3://BUCKET/datasets/<fingerprint>``.
        chosen: The hyperparameters.
        bucket: Where the model goes, under ``models/``.
        role_arn: The role that the job takes.
        name: The job's name; one that says where and when, if not given.
        recordio: Train on the data set's RecordIO files rather than on its images.
        model_uri: The artifact to start from.
        checkpoint_uri: Where the job goes on from and leaves its checkpoints; under ``checkpoints/`` in the bucket, by
            its name, if not given.
        tags: Tags beside the project's own (Project, Environment, Workload, GitCommit).
        placement: The network that it runs in, and the key of its model.
        client: Makes the environment's clients.

    Returns:
        The job's name.

    Raises:
        InputError: the name, or the environment's instance type, cannot be used.
        TrainingError: a job of that name exists, or the account's quota has no room for it.
    """
    from botocore.exceptions import ClientError

    name = name or new_name(environment)
    asked = request(
        environment,
        name=name,
        image=image_uri(environment.region),
        dataset_uri=dataset_uri,
        chosen=chosen,
        bucket=bucket,
        role_arn=role_arn,
        recordio=recordio,
        model_uri=model_uri,
        checkpoint_uri=checkpoint_uri or f"s3://{bucket}/checkpoints/{name}",
        tags={**own_tags(environment), **(tags or {})},
        placement=placement,
    )
    resource, where = _resource(environment, client)
    try:
        resource.create(**asked, **where)
    except ClientError as error:
        raise failures.refused(error, environment, name) from error
    return name


def own_tags(environment: Environment) -> dict[str, str]:
    """The tags of every job that is started here."""
    # Workload is what the environment's budget counts, as Terraform's default tags have it.
    return {
        "Project": PROJECT,
        "Environment": environment.name,
        "Workload": f"{PROJECT}-{environment.name}",
        COMMIT_TAG: revision.commit(environment.root),
    }


def describe(environment: Environment, name: str, *, client: Callable[..., Any] = aws.client) -> Job:
    """A job as it stands.

    Raises:
        TrainingError: there is no such job.
    """
    return _as_job(_get(environment, name, client))


def resumable(environment: Environment, name: str, *, client: Callable[..., Any] = aws.client) -> Job:
    """A job that ended before its time, whose checkpoints another can go on from.

    Raises:
        TrainingError: there is no such job, it still runs, it completed, or it leaves no checkpoints.
    """
    job = describe(environment, name, client=client)
    if job.status in ("InProgress", "Stopping"):
        raise TrainingError(
            f"training job '{name}' still runs",
            hint=f"to follow it: invoke train --attach {name} --env {environment.name}",
        )
    if job.status == "Completed":
        raise TrainingError(
            f"training job '{name}' completed, so there is nothing to go on with",
            hint=f"to train further from its model: invoke train --model {job.artifact_uri} --env {environment.name}",
        )
    if job.checkpoint_uri is None or job.dataset_uri is None:
        what = "checkpoints" if job.checkpoint_uri is None else "data"
        raise TrainingError(f"training job '{name}' has no {what} to go on with", hint="start a new one: invoke train")
    return job


def stop(environment: Environment, name: str, *, client: Callable[..., Any] = aws.client) -> None:
    """Ask a job to stop, unless it has ended. It has two minutes to write the best model so far.

    Raises:
        TrainingError: there is no such job.
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
) -> Outcome:
    """Wait for a job to complete, showing how far it is.

    Args:
        view: Called with the progress every few seconds.
        client: Makes the environment's clients.
        sleep: Waits between two looks.

    Raises:
        TrainingError: there is no such job, or it failed or was stopped; the message has the reason and the last lines
            of its log.
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
        # A log can come a few seconds after its job's end.
        if progress.finished and (not _is_owed_lines(progress) or late == 3):
            break
        late += progress.finished
        pause = min(_SECONDS_BETWEEN_LOOKS[1], _SECONDS_BETWEEN_LOOKS[0] + waited / 60)
        sleep(pause)
        waited += pause
        resource.refresh()
    job = _as_job(resource)
    if job.status != "Completed":
        raise failures.ended(job, progress, environment)
    return Outcome(job, progress)


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
                hint="its name is what invoke train printed; jobs are listed in SageMaker's console",
            ) from None
        raise


def _resource(environment: Environment, client: Callable[..., Any]) -> tuple[Any, dict[str, Any]]:
    """``TrainingJob`` of ``sagemaker.core``, and the arguments that make it use the environment's client."""
    import boto3
    from sagemaker.core.resources import TrainingJob

    class Session(boto3.Session):
        """Gives sagemaker.core the client that the project made: the one way to tell it an endpoint."""

        def client(self, service_name: str, *args: Any, **kwargs: Any) -> Any:
            return client(environment, service_name) if service_name == "sagemaker" else None

    return TrainingJob, {"session": Session(region_name=environment.region), "region": environment.region}


def _as_job(resource: Any) -> Job:
    """A ``TrainingJob``'s attributes; what AWS left out is a falsy ``Unassigned`` there."""
    channels = {channel.channel_name: channel for channel in resource.input_data_config or ()}
    uris = {name: channel.data_source.s3_data_source.s3_uri for name, channel in channels.items()}
    train = uris.get("train", "")
    return Job(
        name=resource.training_job_name,
        arn=resource.training_job_arn,
        status=resource.training_job_status,
        secondary_status=resource.secondary_status or resource.training_job_status,
        failure_reason=resource.failure_reason or None,
        image_uri=resource.algorithm_specification.training_image,
        artifact_uri=resource.model_artifacts.s3_model_artifacts if resource.model_artifacts else None,
        dataset_uri=train.removesuffix("/").removesuffix("/train").removesuffix("/train.rec") or None,
        recordio=train.endswith("/train.rec"),
        model_uri=uris.get("model"),
        checkpoint_uri=resource.checkpoint_config.s3_uri if resource.checkpoint_config else None,
        hyperparameters=dict(resource.hyper_parameters or {}),
        metrics={metric.metric_name: metric.value for metric in resource.final_metric_data_list or ()},
        billable_seconds=resource.billable_time_in_seconds or None,
    )
