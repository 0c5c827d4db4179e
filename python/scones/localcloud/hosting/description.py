"""DescribeEndpoint's structures, from a plan.

Example::

    variants(plan, resolved)        # [{'VariantName': 'AllTraffic', 'CurrentWeight': 1.0, …}]
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scones.localcloud.hosting.plan import Plan, Variant


def variants(plan: Plan, resolved: datetime) -> list[dict[str, Any]]:
    """ProductionVariants. ``resolved`` is when the images were taken."""
    return [_variant(variant, resolved) for variant in plan.variants]


def capture(plan: Plan) -> dict[str, Any] | None:
    """DataCaptureConfig's summary; None where the configuration has none."""
    config = plan.capture
    if not config:
        return None
    enabled = config.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config.get("InitialSamplingPercentage", 100),
        "DestinationS3Uri": config.get("DestinationS3Uri"),
        "KmsKeyId": config.get("KmsKeyId"),
    }


def _variant(variant: Variant, resolved: datetime) -> dict[str, Any]:
    image = {"SpecifiedImage": variant.image, "ResolvedImage": variant.image, "ResolutionTime": resolved}
    size = ("ServerlessConfig", variant.serverless) if variant.serverless else ("InstanceCount", variant.instance_count)
    return {
        "VariantName": variant.name,
        "DeployedImages": [image],
        **{f"{state}Weight": variant.weight for state in ("Current", "Desired")},
        **{f"{state}{size[0]}": size[1] for state in ("Current", "Desired")},
    }
