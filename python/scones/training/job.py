"""SageMaker training jobs of the built-in Image Classification algorithm: asked for, followed, explained.

Example::

    environment = settings.load("dev")
    name = start(environment, spec)
    outcome = follow(environment, name, print)
    outcome.job.artifact_uri      # 's3://BUCKET/models/scones-dev-20260101-120000/output/model.tar.gz'

Jobs are created and read through ``sagemaker.core``, the resource layer of SageMaker's SDK. It makes its clients from a
boto3 session, with no word on an endpoint; so it is given a session that holds the project's own client.
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

if TYPE_CHECKING:
    from scones.settings import Environment
    from scones.training.spec import JobSpec

#: The tag that says which commit started a job.
COMMIT_TAG = "GitCommit"

_SECONDS_BETWEEN_LOOKS = (1.0, 5.0)  # at first, and once a job takes minutes


def start(
    environment: Environment,
    spec: JobSpec,
    *,
    name: str | None = None,
    tags: Mapping[str, str] | None = None,
    client: Callable[..., Any] = aws.client,
) -> str:
    """Create a training job.

    Args:
        spec: What it is asked for. Without a place for checkpoints in it, they go to ``checkpoints/<name>`` in the
            bucket.
        name: The job's name; one that says where and when, if not given.
        tags: Tags beside the project's own (Project, Environment, Workload, GitCommit).
        client: Makes the environment's clients.

    Returns:
        The job's name.

    Raises:
        InputError: the name, or the environment's instance type, cannot be used.
        TrainingError: a job of that name exists, or the account's quota has no room for it.
    """
    from botocore.exceptions import ClientError

    name = name or new_name(environment)
    if spec.checkpoint_uri is None:
        spec = replace(spec, checkpoint_uri=f"s3://{spec.bucket}/checkpoints/{name}")
    asked = request(environment, spec, name=name, tags={**own_tags(environment), **(tags or {})})
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


def describe(environment: Environment, name: str, *, client: Callable[..., Any] = aws.client) -> DescribedJob:
    """A job as it stands.

    Raises:
        TrainingError: there is no such job.
    """
    return described.read(_get(environment, name, client))


def resumable(environment: Environment, name: str, *, client: Callable[..., Any] = aws.client) -> DescribedJob:
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
) -> TrainingOutcome:
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
