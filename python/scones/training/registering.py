"""Registers a training job's model in the Model Registry.

Example (not run: it needs an AWS account)::

    version = register(environment, "scones-dev-20260101-120000")
    print(verdict(environment, version))    # 'version 3 is approved and pinned: validation accuracy 0.930, …'

The model is calibrated first (see :mod:`scones.model.confidence`). Its predictions do not change, only their
confidence.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imageclassification.errors import ArtifactError, UserError
from scones import aws, revision
from scones.dataset.labels import place_of_other
from scones.errors import InputError, RegistryError
from scones.model import artifacts
from scones.model.registry import objects
from scones.model.registry.creation import calibration_line, create, pin_if_approved
from scones.model.registry.pinned import VALIDATION_ACCURACY, VALIDATION_IMAGES, WANTED_ACCURACY
from scones.model.registry.versions import Version, group_of, listed
from scones.training import job as jobs
from scones.training.described import DescribedJob
from scones.training.logs import LogReader
from scones.training.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from scones.settings import Environment

TRAIN_ACCURACY = "train:accuracy"


def register(
    environment: Environment,
    job_name: str,
    *,
    calibrate: bool = True,
    group: str | None = None,
    progress: Bars | None = None,
    warn: Callable[[str], None] = lambda text: None,
    client: Callable[..., Any] = aws.client,
) -> Version:
    """Register a training job's model. Approve and pin it if it reaches the environment's minimum validation accuracy.

    The model is calibrated on the data set's validation images, and the calibrated artifact is stored beside the job's
    own. If calibration fails, the job's own artifact is registered. If that has the parameters of several epochs, the
    last epoch's are stored alone beside it: which ones SageMaker's container would serve is not documented. A
    registered job is not registered again, but its version is pinned if it is approved.

    Args:
        calibrate: Whether to calibrate the model.
        group: The model package group. By default, the foundation stack's.
        progress: Shows bars for downloads and the measurement. None shows nothing.
        warn: Called with a warning for the user.
        client: Makes boto3 clients.

    Raises:
        TrainingError: the job does not exist.
        RegistryError: the job has no model, or its data set is missing.
    """
    group = group or group_of(environment)
    job = jobs.describe(environment, job_name, client=client)
    sagemaker, s3 = client(environment, "sagemaker"), client(environment, "s3")
    version = next((known for known in listed(sagemaker, group) if known.job == job_name), None)
    if version is not None and not calibrate and calibration_line(version):
        warn(f"training job '{job_name}' is registered already, as version {version.version}, calibrated")
    if version is None:
        if job.status not in ("Completed", "Stopped") or not job.artifact_uri:
            reason = f": {job.failure_reason}" if job.failure_reason else ""
            raise RegistryError(
                f"training job '{job_name}' has no model to register: it is {job.status}{reason}",
                hint=f"follow it with: invoke train --attach {job_name} --env {environment.name}"
                if job.status == "InProgress"
                else None,
            )
        followed = _followed(job, client(environment, "logs"))
        metrics = _metrics(job, followed)
        if job.status == "Stopped":
            _refuse_without_model(job, followed, metrics)
        labels, fingerprint, images = _dataset(s3, job)
        if images and VALIDATION_ACCURACY in metrics:
            metrics[VALIDATION_IMAGES] = float(images)
        artifact_uri, digest, calibrated = job.artifact_uri, None, False
        if calibrate:
            try:
                artifact_uri, digest, more = _calibrated(environment, job, artifact_uri, labels, progress, client)
                metrics, calibrated = {**metrics, **more}, True
            except (ArtifactError, UserError, InputError) as error:
                warn(f"the model is registered as it was trained, without calibration: {error.message}")
        if not calibrated:
            artifact_uri, digest = _of_last_epoch(environment, artifact_uri, s3, progress, client)
        version = create(
            environment,
            sagemaker,
            group,
            origin=f"trained by {job_name}",
            image_uri=job.image_uri,
            artifact_uri=artifact_uri,
            job=job_name,
            artifact_sha256=digest or objects.sha256(s3, artifact_uri),
            class_labels=labels,
            metrics=metrics,
            dataset_fingerprint=fingerprint,
            git_commit=_commit(environment, sagemaker, job),
        )
    return pin_if_approved(environment, version)


def _calibrated(
    environment: Environment,
    job: DescribedJob,
    trained_uri: str,
    labels: Sequence[str],
    progress: Bars | None,
    client: Callable[..., Any],
) -> tuple[str, str, Mapping[str, float]]:
    """Calibrate the artifact. Returns the new artifact's URI, its SHA-256 and its metrics.

    The algorithm's accuracy is over all classes. With the class ``other``, that on the wanted ones is beside it.
    """
    from imageclassification import artifact as files
    from scones.model import confidence

    assert job.dataset_uri is not None, "_dataset() refuses a job without a data set"
    artifact = files.read(artifacts.fetch(environment, trained_uri, client=client, progress=progress))
    s3 = client(environment, "s3")
    images = confidence.stored_images(s3, job.dataset_uri, progress=progress)
    answers = replace(confidence.ask(artifact, images, progress=progress), other=place_of_other(labels))
    calibrated, metrics = confidence.calibrate(artifact, answers)
    if answers.wanted_accuracy is not None:
        metrics = {**metrics, WANTED_ACCURACY: answers.wanted_accuracy}
    uri = f"{trained_uri.rsplit('/', 2)[0]}/calibrated/{artifacts.NAME}"  # beside …/output/model.tar.gz
    with tempfile.TemporaryDirectory() as folder:
        return uri, artifacts.put(s3, files.write(Path(folder) / artifacts.NAME, calibrated), uri), metrics


def _of_last_epoch(
    environment: Environment, trained_uri: str, s3: Any, progress: Bars | None, client: Callable[..., Any]
) -> tuple[str, str | None]:
    """The artifact's URI and SHA-256, if it is known. Parameters of several epochs are stored without the earlier ones.

    What cannot be read stays as it is: it is registered as the job left it.
    """
    from imageclassification import artifact as files

    try:
        path = artifacts.fetch(environment, trained_uri, client=client, progress=progress)
        if len(files.epochs(path)) < 2:
            return trained_uri, None
        last = files.read(path)
    except ArtifactError:
        return trained_uri, None
    uri = f"{trained_uri.rsplit('/', 2)[0]}/last-epoch/{artifacts.NAME}"  # beside …/output/model.tar.gz
    with tempfile.TemporaryDirectory() as folder:
        return uri, artifacts.put(s3, files.write(Path(folder) / artifacts.NAME, last), uri)


def _followed(job: DescribedJob, logs: Any) -> Progress:
    """What the job's log says. Nothing without a log."""
    progress = Progress(job.name, 0)
    for line in LogReader(logs, job.name).read():
        progress = progress.after(line)
    return progress


def _refuse_without_model(job: DescribedJob, followed: Progress, metrics: Mapping[str, float]) -> None:
    """Refuse a stopped job that has kept no parameters.

    Raises:
        RegistryError: it was stopped before the first epoch whose parameters are kept.
    """
    every = job.hyperparameters.get("checkpoint_frequency")
    if followed.validation and followed.kept is None and every:
        raise RegistryError(
            f"training job '{job.name}' has no model: it was stopped after {followed.epochs_done} epochs, before epoch "
            f"{every}, the first whose parameters checkpoint_frequency keeps",
            hint="a new job can continue it from its checkpoint: invoke train --resume " + job.name
            if job.checkpoint_uri
            else None,
        )
    if VALIDATION_ACCURACY not in metrics:
        raise RegistryError(f"training job '{job.name}' has no model: it was stopped before its first epoch ended")


def _metrics(job: DescribedJob, progress: Progress) -> dict[str, float]:
    """Train and validation accuracy of the artifact.

    SageMaker's final metrics belong to the last epoch. The artifact belongs to the best epoch, or to the last saved
    epoch with ``checkpoint_frequency``. The log has that epoch's accuracy. Without a log, the final metrics are used.
    """
    metrics = {name: job.metrics[name] for name in (TRAIN_ACCURACY, VALIDATION_ACCURACY) if name in job.metrics}
    if progress.saved is not None and progress.saved in progress.train:
        metrics[TRAIN_ACCURACY] = progress.train[progress.saved]
    if progress.kept is not None:
        metrics[VALIDATION_ACCURACY] = progress.kept
    return metrics


def _dataset(s3: Any, job: DescribedJob) -> tuple[tuple[str, ...], str, int | None]:
    """The class labels, the fingerprint and the number of validation images of a job's data set. None if it is unknown.

    Raises:
        RegistryError: the job has no data set in S3, or the data set's description is missing or has another form.
    """
    if job.dataset_uri is None:
        raise RegistryError(
            f"the classes of training job '{job.name}' are unknown: {job.without_dataset}",
            hint=f"name them: invoke register --artifact {job.artifact_uri} --classes CLASS,CLASS",
        )
    uri = f"{job.dataset_uri}/dataset.json"
    try:
        description = json.loads(objects.read(s3, uri))
        counts = description.get("counts", {}).get("validation")
        return tuple(description["classes"]), description["fingerprint"], sum(counts.values()) if counts else None
    except (KeyError, TypeError, ValueError) as error:
        raise RegistryError(f"{uri} does not have the classes of training job '{job.name}': {error!r}") from None


def _commit(environment: Environment, sagemaker: Any, job: DescribedJob) -> str:
    """The commit in the job's tags. Without the tag, this checkout's commit."""
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=job.arn)["Tags"]}
    return tags.get(jobs.COMMIT_TAG) or revision.commit(environment.root)
