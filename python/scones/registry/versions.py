"""Versions of the model package group: made from training jobs, listed, approved and pinned.

Example::

    version = register(environment, "scones-dev-20260101-120000")
    print(verdict(environment, version))    # 'version 3 is approved and pinned: validation accuracy 0.930, …'
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scones import aws, revision
from scones.errors import RegistryError
from scones.registry.metadata import from_metadata, to_metadata
from scones.registry.pinned import PinnedModel, write_pin
from scones.training import job as jobs
from scones.training.logs import LogReader
from scones.training.progress import Progress

if TYPE_CHECKING:
    from scones.settings import Environment

APPROVED, PENDING, REJECTED = "Approved", "PendingManualApproval", "Rejected"

ACCURACY = "validation:accuracy"

# What the algorithm's container takes and gives.
_CONTENT_TYPES = ["image/png", "image/jpeg", "application/x-image"]
_RESPONSE_TYPES = ["application/json", "application/jsonlines"]


@dataclass(frozen=True)
class Version:
    """One version of the environment's model package group.

    Attributes:
        version: Its number: 1, 2, …
        arn: The model package's ARN.
        status: Approved, PendingManualApproval or Rejected.
        created: When it was registered.
        job: The training job that made it; None where it was not registered by this project.
        model: What is pinned for it; None where it was not registered by this project.
    """

    version: int
    arn: str
    status: str
    created: datetime
    job: str | None
    model: PinnedModel | None

    @property
    def accuracy(self) -> float | None:
        """Validation accuracy of the model, 0 to 1."""
        return self.model.metrics.get(ACCURACY) if self.model else None


def register(
    environment: Environment, job_name: str, *, group: str | None = None, client: Callable[..., Any] = aws.client
) -> Version:
    """Register a training job's model; approve and pin it where its validation accuracy passes the environment's gate.

    A job that is registered already is not registered twice: what is left to do for it is done.

    Args:
        group: The model package group; the foundation stack's, if not given.
        client: Makes the environment's clients.

    Raises:
        TrainingError: there is no such job.
        RegistryError: it has no model, or what it was trained on cannot be told.
    """
    group = group or _group(environment)
    job = jobs.describe(environment, job_name, client=client)
    sagemaker, s3 = client(environment, "sagemaker"), client(environment, "s3")
    version = next((known for known in _versions(sagemaker, group) if known.job == job_name), None)
    if version is None:
        if job.status not in ("Completed", "Stopped") or not job.artifact_uri:
            reason = f": {job.failure_reason}" if job.failure_reason else ""
            raise RegistryError(
                f"training job '{job_name}' has no model to register: it is {job.status}{reason}",
                hint=f"follow it with: invoke train --attach {job_name}" if job.status == "InProgress" else None,
            )
        metrics = _metrics(job, client(environment, "logs"))
        if job.status == "Stopped" and ACCURACY not in metrics:
            raise RegistryError(f"training job '{job_name}' has no model: it was stopped before its first epoch ended")
        good = metrics.get(ACCURACY, 0.0) >= environment.training.minimum_validation_accuracy
        labels, fingerprint = _dataset(s3, job)
        package = sagemaker.create_model_package(
            ModelPackageGroupName=group,
            ModelPackageDescription=f"{', '.join(labels)}; trained by {job_name}"[:1024],
            ModelApprovalStatus=APPROVED if good else PENDING,
            InferenceSpecification={
                "Containers": [{"Image": job.image_uri, "ModelDataUrl": job.artifact_uri}],
                "SupportedContentTypes": _CONTENT_TYPES,
                "SupportedResponseMIMETypes": _RESPONSE_TYPES,
            },
            CustomerMetadataProperties=to_metadata(
                job=job_name,
                artifact_sha256=_sha256(s3, job.artifact_uri),
                class_labels=labels,
                metrics=metrics,
                dataset_fingerprint=fingerprint,
                git_commit=_commit(environment, sagemaker, job),
            ),
        )
        version = _describe(sagemaker, package["ModelPackageArn"])
    if version.status == APPROVED:
        write_pin(environment.pin_path, version.model)
    return version


def verdict(environment: Environment, version: Version) -> str:
    """What became of a version that was registered, for a person to read."""
    gate = environment.training.minimum_validation_accuracy
    accuracy = _shown(version.accuracy)
    if version.status == APPROVED:
        return f"version {version.version} is approved and pinned: validation accuracy {accuracy}, {gate} is asked for"
    return (
        f"version {version.version} is NOT pinned: it is {version.status}, validation accuracy {accuracy}, and {gate} "
        f"is asked for\nto use it all the same: invoke pin {version.version} --approve --env {environment.name}"
    )


def _shown(accuracy: float | None) -> str:
    return "unknown" if accuracy is None else f"{accuracy:.3f}"


def versions(
    environment: Environment, *, group: str | None = None, client: Callable[..., Any] = aws.client
) -> list[Version]:
    """The versions there are, newest first."""
    return _versions(client(environment, "sagemaker"), group or _group(environment))


def pin(
    environment: Environment,
    version: int,
    *,
    approve: bool = False,
    group: str | None = None,
    client: Callable[..., Any] = aws.client,
) -> Version:
    """Make a version the one that Terraform deploys: promote it, or roll back to it.

    Args:
        version: The version's number.
        approve: Approve it first, if it waits for that.

    Raises:
        RegistryError: there is no such version, it is not approved, or its artifact is gone or changed.
    """
    sagemaker = client(environment, "sagemaker")
    known = _versions(sagemaker, group or _group(environment))
    chosen = next((one for one in known if one.version == version), None)
    if chosen is None:
        problem = f"there is no version {version}"
    elif chosen.status == REJECTED:
        problem = f"version {version} was rejected"
    elif chosen.model is None:
        problem = f"version {version} was not registered by this project and lacks its class labels"
    else:
        problem = None
    if problem:
        there = "; ".join(f"{one.version} ({one.status})" for one in known) or "none"
        raise RegistryError(
            f"{problem}; in environment '{environment.name}' there are: {there}",
            hint=f"invoke models --env {environment.name} shows them",
        )
    if chosen.status == PENDING and not approve:
        raise RegistryError(
            f"version {version} waits for approval: its validation accuracy is {_shown(chosen.accuracy)}, "
            f"{environment.training.minimum_validation_accuracy} is asked for",
            hint=f"to approve and pin it: invoke pin {version} --approve --env {environment.name}",
        )
    found = _sha256(client(environment, "s3"), chosen.model.artifact_uri)
    if found != chosen.model.artifact_sha256:
        raise RegistryError(
            f"{chosen.model.artifact_uri} is not what was registered as version {version}: its SHA-256 is {found}, "
            f"not {chosen.model.artifact_sha256}",
            hint="pin another version, or train again",
        )
    if chosen.status == PENDING:
        sagemaker.update_model_package(
            ModelPackageArn=chosen.arn, ModelApprovalStatus=APPROVED, ApprovalDescription="invoke pin --approve"
        )
        chosen = _describe(sagemaker, chosen.arn)
    write_pin(environment.pin_path, chosen.model)
    return chosen


def _versions(sagemaker: Any, group: str) -> list[Version]:
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    found = [summary["ModelPackageArn"] for page in pages for summary in page["ModelPackageSummaryList"]]
    return sorted((_describe(sagemaker, arn) for arn in found), key=lambda version: -version.version)


def _describe(sagemaker: Any, arn: str) -> Version:
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    number = found["ModelPackageVersion"]
    try:
        facts = from_metadata(found.get("CustomerMetadataProperties") or {})
        container = found["InferenceSpecification"]["Containers"][0]
        job = facts.pop("job")
        model = PinnedModel(
            package_arn=arn,
            version=number,
            image_uri=container["Image"],
            artifact_uri=container["ModelDataUrl"],
            **facts,
        )
    except (KeyError, IndexError, ValueError):
        job = model = None
    return Version(number, arn, found["ModelApprovalStatus"], found["CreationTime"], job, model)


def _metrics(job: jobs.Job, logs: Any) -> dict[str, float]:
    """Train and validation accuracy of the artifact.

    A job's final metrics are those of its last epoch; its artifact is the best epoch's, whose accuracy the log has.
    """
    metrics = {name: job.metrics[name] for name in ("train:accuracy", ACCURACY) if name in job.metrics}
    progress = Progress(job.name, 0)
    for line in LogReader(logs, job.name).read():
        progress = progress.after(line)
    if progress.stored is not None:
        metrics[ACCURACY] = progress.stored
    return metrics


def _dataset(s3: Any, job: jobs.Job) -> tuple[tuple[str, ...], str]:
    """Class labels in index order, and the fingerprint, of the data set that a job trained on."""
    uri = f"{job.dataset_uri}/dataset.json"
    try:
        description = json.loads(_read(s3, uri)["Body"].read())
        return tuple(description["classes"]), description["fingerprint"]
    except (KeyError, TypeError, ValueError) as error:
        raise RegistryError(f"{uri} does not tell the classes of training job '{job.name}': {error!r}") from None


def _commit(environment: Environment, sagemaker: Any, job: jobs.Job) -> str:
    """The commit that the job was started from, else, for one started otherwise, this checkout's."""
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=job.arn)["Tags"]}
    return tags.get(jobs.COMMIT_TAG) or revision.commit(environment.root)


def _sha256(s3: Any, uri: str) -> str:
    digest = hashlib.sha256()
    for block in _read(s3, uri)["Body"].iter_chunks(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _read(s3: Any, uri: str) -> dict[str, Any]:
    from botocore.exceptions import ClientError

    place = urlsplit(uri)
    try:
        return s3.get_object(Bucket=place.netloc, Key=place.path.removeprefix("/"))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket"):
            raise RegistryError(
                f"{uri} is gone", hint="train again; or pin a version that is whole: invoke models"
            ) from None
        raise


def _group(environment: Environment) -> str:
    from scones.terraform import Stack

    return Stack(environment, "foundation").outputs()["model_package_group_name"]
