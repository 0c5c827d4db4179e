"""Lists, approves and pins the versions of a model package group.

Example (not run: it needs an AWS account)::

    for version in versions(environment):       # newest first
        print(version.version, version.status, version.accuracy)
    pin(environment, 3)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scones import aws
from scones.errors import RegistryError
from scones.model.registry import gate, objects
from scones.model.registry.metadata import from_metadata
from scones.model.registry.pinned import VALIDATION_ACCURACY, PinnedModel, write_pin

if TYPE_CHECKING:
    from scones.settings import Environment

APPROVED, PENDING, REJECTED = "Approved", "PendingManualApproval", "Rejected"


@dataclass(frozen=True)
class Version:
    """One version of the environment's model package group.

    Attributes:
        version: The number: 1, 2, …
        status: Approved, PendingManualApproval or Rejected.
        job: The training job, or ``imported/…`` for an imported model. None if another program registered the version.
        model: The content of the pin. None if another program registered the version.
    """

    version: int
    arn: str
    status: str
    created: datetime
    job: str | None
    model: PinnedModel | None

    @property
    def accuracy(self) -> float | None:
        """The validation accuracy, 0 to 1. None if it is not known."""
        return self.model.metrics.get(VALIDATION_ACCURACY) if self.model else None


def versions(
    environment: Environment, *, group: str | None = None, client: Callable[..., Any] = aws.client
) -> list[Version]:
    """All versions, newest first.

    Args:
        group: The model package group. By default, the foundation stack's.
    """
    return listed(client(environment, "sagemaker"), group or group_of(environment))


def pin(
    environment: Environment,
    version: int,
    *,
    approve: bool = False,
    group: str | None = None,
    client: Callable[..., Any] = aws.client,
) -> Version:
    """Pin a version. Terraform deploys the pinned version at the next apply.

    Args:
        approve: Approve the version first if it is pending.
        group: The model package group. By default, the foundation stack's.

    Raises:
        RegistryError: the version does not exist or is not approved, or its artifact is missing or has changed.
    """
    chosen = choose(environment, version, approve=approve, group=group, client=client)
    assert chosen.model is not None, "choose() refuses a version without a model"
    write_pin(environment.pin_path, chosen.model)
    return chosen


def choose(
    environment: Environment,
    version: int,
    *,
    approve: bool = False,
    group: str | None = None,
    client: Callable[..., Any] = aws.client,
) -> Version:
    """Check that a version may be deployed, without pinning it. Arguments and errors as for :func:`pin`."""
    sagemaker = client(environment, "sagemaker")
    known = listed(sagemaker, group or group_of(environment))
    chosen = next((one for one in known if one.version == version), None)
    if chosen is None:
        raise _unusable(f"there is no version {version}", known, environment)
    if chosen.status == REJECTED:
        raise _unusable(f"version {version} was rejected", known, environment)
    if chosen.model is None:
        raise _unusable(
            f"version {version} was not registered by this project and lacks its class labels", known, environment
        )
    if chosen.status == PENDING and not approve:
        minimum = environment.training.minimum_validation_accuracy
        lacking = gate.lacks(chosen.model.metrics, minimum=minimum)
        raise RegistryError(
            f"version {version} waits for approval: "
            f"{lacking or f'validation accuracy {shown(chosen.accuracy)}, minimum {minimum}'}",
            hint=f"to approve and pin it: invoke pin {version} --approve --env {environment.name}",
        )
    found = objects.sha256(client(environment, "s3"), chosen.model.artifact_uri)
    if found != chosen.model.artifact_sha256:
        raise RegistryError(
            f"{chosen.model.artifact_uri} has changed since version {version} was registered: its SHA-256 is {found}, "
            f"not {chosen.model.artifact_sha256}",
            hint="pin another version, or train again",
        )
    if chosen.status == PENDING:
        sagemaker.update_model_package(
            ModelPackageArn=chosen.arn, ModelApprovalStatus=APPROVED, ApprovalDescription="invoke pin --approve"
        )
        chosen = describe(sagemaker, chosen.arn)
    return chosen


def _unusable(problem: str, known: list[Version], environment: Environment) -> RegistryError:
    there = "; ".join(f"{one.version} ({one.status})" for one in known) or "none"
    return RegistryError(
        f"{problem}; in environment '{environment.name}' there are: {there}",
        hint=f"invoke models --env {environment.name} shows them",
    )


def listed(sagemaker: Any, group: str) -> list[Version]:
    """The versions of a group, newest first. ``sagemaker`` is a boto3 SageMaker client."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    found = [summary["ModelPackageArn"] for page in pages for summary in page["ModelPackageSummaryList"]]
    return sorted((describe(sagemaker, arn) for arn in found), key=lambda version: -version.version)


def describe(sagemaker: Any, arn: str) -> Version:
    """The version with a model package's ARN. ``sagemaker`` is a boto3 SageMaker client."""
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


def shown(accuracy: float | None) -> str:
    """An accuracy for a message, or ``unknown``."""
    return "unknown" if accuracy is None else f"{accuracy:.3f}"


def group_of(environment: Environment) -> str:
    """The name of the environment's model package group, from the foundation stack."""
    from scones.terraform import Stack

    return Stack(environment, "foundation").outputs()["model_package_group_name"]
