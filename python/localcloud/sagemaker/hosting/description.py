"""Builds the structures of DescribeEndpoint's answer from a plan."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from localcloud.sagemaker.hosting.plan import EndpointPlan, Variant


def variants(plan: EndpointPlan, resolved: datetime, *, wanted: EndpointPlan | None = None) -> list[dict[str, Any]]:
    """ProductionVariants.

    Args:
        plan: The current plan.
        resolved: ResolutionTime of the images.
        wanted: The plan after UpdateEndpointWeightsAndCapacities, whose weights and counts are the desired ones. None
            if there is no such update.

    Example::

        >>> blue = Variant("Blue", "image-classification:1", "s3://bucket/model.tar.gz", 1.0, 2, None, 120, {})
        >>> (found,) = variants(EndpointPlan("scones-1", (blue,), capture=None), datetime(2026, 1, 28))
        >>> found["VariantName"], found["CurrentWeight"], found["DesiredInstanceCount"]
        ('Blue', 1.0, 2)
    """
    soon = {variant.name: variant for variant in (wanted or plan).variants}
    return [_variant(variant, soon[variant.name], resolved) for variant in plan.variants]


def shadows(plan: EndpointPlan, resolved: datetime) -> list[dict[str, Any]]:
    """ShadowProductionVariants."""
    return [_variant(variant, variant, resolved) for variant in plan.shadows]


def pending(plan: EndpointPlan, since: datetime, stage: str) -> dict[str, Any]:
    """PendingDeploymentSummary.

    Args:
        plan: The plan that is being deployed.
        since: The deployment's start.
        stage: A VariantStatus: Creating, Baking, or Deleting while the old fleet waits for its end.
    """
    status = {"VariantStatus": [{"Status": stage, "StartTime": since}]}
    found: dict[str, Any] = {"EndpointConfigName": plan.config_name, "StartTime": since}
    found["ProductionVariants"] = [{**variant, **status} for variant in variants(plan, since)]
    if plan.shadows:
        found["ShadowProductionVariants"] = [{**variant, **status} for variant in shadows(plan, since)]
    return found


def capture(plan: EndpointPlan) -> dict[str, Any] | None:
    """DataCaptureConfig's summary. None if the endpoint configuration has no DataCaptureConfig."""
    config = plan.capture
    if not config:
        return None
    enabled = config.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config.get("InitialSamplingPercentage", 100),
        "DestinationS3Uri": config.get("DestinationS3Uri"),
        "KmsKeyId": config.get("KmsKeyId") or "",
    }


def _variant(current: Variant, desired: Variant, resolved: datetime) -> dict[str, Any]:
    image = {"SpecifiedImage": current.image, "ResolvedImage": current.image, "ResolutionTime": resolved}
    found: dict[str, Any] = {"VariantName": current.name, "DeployedImages": [image]}
    for state, variant in (("Current", current), ("Desired", desired)):
        found[f"{state}Weight"] = variant.weight
        if variant.serverless:
            found[f"{state}ServerlessConfig"] = variant.serverless
        else:
            found[f"{state}InstanceCount"] = variant.instance_count
    return found
