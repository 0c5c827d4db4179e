"""A new version in the registry, under the environment's gate, and what to say of it.

Example::

    version = create(environment, sagemaker, group, origin="trained by job-1", image_uri=…, artifact_uri=…, **facts)
    print(verdict(environment, pin_if_approved(environment, version)))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scones.model.registry.metadata import to_metadata
from scones.model.registry.pinned import VALIDATION_ACCURACY, write_pin
from scones.model.registry.versions import APPROVED, PENDING, Version, describe, shown

if TYPE_CHECKING:
    from scones.settings import Environment

# What the algorithm's container takes and gives.
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
    job: str,
    artifact_sha256: str,
    class_labels: tuple[str, ...],
    metrics: Mapping[str, float],
    dataset_fingerprint: str,
    git_commit: str,
) -> Version:
    """A new version, approved where it passes the gate; ``facts`` as :func:`to_metadata` takes them."""
    good = metrics.get(VALIDATION_ACCURACY, 0.0) >= environment.training.minimum_validation_accuracy
    package = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelPackageDescription=f"{', '.join(class_labels)}; {origin}"[:1024],
        ModelApprovalStatus=APPROVED if good else PENDING,
        InferenceSpecification={
            "Containers": [{"Image": image_uri, "ModelDataUrl": artifact_uri}],
            "SupportedContentTypes": _CONTENT_TYPES,
            "SupportedResponseMIMETypes": _RESPONSE_TYPES,
        },
        CustomerMetadataProperties=to_metadata(
            job=job,
            artifact_sha256=artifact_sha256,
            class_labels=class_labels,
            metrics=metrics,
            dataset_fingerprint=dataset_fingerprint,
            git_commit=git_commit,
        ),
    )
    return describe(sagemaker, package["ModelPackageArn"])


def pin_if_approved(environment: Environment, version: Version) -> Version:
    """Make an approved version the one that Terraform deploys."""
    if version.status == APPROVED:
        assert version.model is not None, "this project registered the version"
        write_pin(environment.pin_path, version.model)
    return version


def verdict(environment: Environment, version: Version) -> str:
    """What became of a version that was registered, for a person to read."""
    gate = environment.training.minimum_validation_accuracy
    accuracy = shown(version.accuracy)
    if version.status == APPROVED:
        said = f"version {version.version} is approved and pinned: validation accuracy {accuracy}, {gate} is asked for"
    else:
        said = (
            f"version {version.version} is NOT pinned: it is {version.status}, validation accuracy {accuracy}, and "
            f"{gate} is asked for\n"
            f"to use it all the same: invoke pin {version.version} --approve --env {environment.name}"
        )
    calibration = calibration_line(version)
    return f"{said}\n{calibration}" if calibration else said


def calibration_line(version: Version) -> str | None:
    """What a version's calibration did, for a person to read; None where it is not calibrated."""
    metrics = version.model.metrics if version.model else {}
    try:
        before, after = metrics["validation:ece"], metrics["validation:ece_calibrated"]
        said = (
            f"calibrated on the validation images: temperature {metrics['temperature']:.2f}, expected calibration "
            f"error {before:.3f} before, {after:.3f} after"
        )
    except KeyError:
        return None
    # The temperature is the likeliest; the error, of images counted in bins, may go either way when there are few.
    return f"{said} (of so few images it is known to some hundredths only)" if after > before else said
