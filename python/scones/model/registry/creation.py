"""Creates a version in the Model Registry and approves it if it passes the environment's gate.

Example (not run: it needs an AWS account)::

    version = create(environment, sagemaker, group, origin="trained by job-1", image_uri=image_uri("us-east-1"),
                     artifact_uri="s3://BUCKET/models/job-1/output/model.tar.gz", job="job-1", artifact_sha256="5f1c…",
                     class_labels=("bicycle", "motorcycle"), metrics={"validation:accuracy": 0.93},
                     dataset_fingerprint="3f9a…", git_commit="1f0c…")
    print(verdict(environment, pin_if_approved(environment, version)))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from scones.model.registry import gate
from scones.model.registry.metadata import ModelFacts, to_metadata
from scones.model.registry.pinned import write_pin
from scones.model.registry.versions import APPROVED, PENDING, Version, describe, shown

if TYPE_CHECKING:
    from scones.settings import Environment

# The content types of the algorithm's container.
_CONTENT_TYPES = ["image/png", "image/jpeg", "application/x-image"]
_RESPONSE_TYPES = ["application/json", "application/jsonlines"]


def create(
    environment: Environment,
    sagemaker: Any,
    group: str,
    *,
    origin: str,
    image_uri: str,
    artifact_uri: str,
    **facts: Unpack[ModelFacts],
) -> Version:
    """Create a version. It is approved if it passes the gate of the environment's minimum validation accuracy.

    Args:
        sagemaker: A boto3 SageMaker client.
        group: The model package group.
        origin: The model's origin, for the description: ``trained by job-1``.
        facts: As for :func:`to_metadata`.
    """
    good = gate.lacks(facts["metrics"], minimum=environment.training.minimum_validation_accuracy) is None
    package = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelPackageDescription=f"{', '.join(facts['class_labels'])}; {origin}"[:1024],
        ModelApprovalStatus=APPROVED if good else PENDING,
        InferenceSpecification={
            "Containers": [{"Image": image_uri, "ModelDataUrl": artifact_uri}],
            "SupportedContentTypes": _CONTENT_TYPES,
            "SupportedResponseMIMETypes": _RESPONSE_TYPES,
        },
        CustomerMetadataProperties=to_metadata(**facts),
    )
    return describe(sagemaker, package["ModelPackageArn"])


def pin_if_approved(environment: Environment, version: Version) -> Version:
    """Pin the version if it is approved. Terraform deploys the pinned version."""
    if version.status == APPROVED:
        assert version.model is not None, "this project registered the version"
        write_pin(environment.pin_path, version.model)
    return version


def verdict(environment: Environment, version: Version) -> str:
    """A message about a registered version: whether it is approved and pinned, and its accuracy."""
    minimum = environment.training.minimum_validation_accuracy
    reached = f"validation accuracy {shown(version.accuracy)}, minimum {minimum}"
    if version.status == APPROVED:
        said = f"version {version.version} is approved and pinned: {reached}"
    else:
        lacking = gate.lacks(version.model.metrics if version.model else {}, minimum=minimum)
        said = (
            f"version {version.version} is NOT pinned: it is {version.status}, {lacking or reached}\n"
            f"to use it anyway: invoke pin {version.version} --approve --env {environment.name}"
        )
    calibration = calibration_line(version)
    return f"{said}\n{calibration}" if calibration else said


def calibration_line(version: Version) -> str | None:
    """A message about a version's calibration. None if it is not calibrated."""
    metrics = version.model.metrics if version.model else {}
    try:
        before, after = metrics["validation:ece"], metrics["validation:ece_calibrated"]
        said = (
            f"calibrated on the validation images: temperature {metrics['temperature']:.2f}, expected calibration "
            f"error {before:.3f} before, {after:.3f} after"
        )
    except KeyError:
        return None
    # The temperature maximizes the likelihood. With few images, the error in bins may still get larger.
    return f"{said} (with so few images, the error is uncertain by some hundredths)" if after > before else said
