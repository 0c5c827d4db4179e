"""What an endpoint serves: its variants, with their models, and the stages of an update.

Example::

    >>> endpoint = {"EndpointStatus": "InService", "EndpointConfigName": "scones-dev-1",
    ...             "ProductionVariants": [{"VariantName": "AllTraffic", "CurrentWeight": 1.0}]}
    >>> shares(endpoint["ProductionVariants"])
    {'AllTraffic': 1.0}

API: Amazon SageMaker API reference, DescribeEndpoint, ProductionVariantSummary and PendingDeploymentSummary.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from scones.terraform import endpoint as endpoints

PACKAGE_TAG = "ModelPackage"  # of a model, by terraform/stacks/service/endpoint.tf
STATUS_KINDS = {"InService": "good", "Failed": "bad", "UpdateRollbackFailed": "bad", "OutOfService": "bad"}


@dataclass(frozen=True)
class ServedModel:
    """The model of a variant.

    Attributes:
        name: The model's name in SageMaker.
        package: The ARN of its model package. Empty if nothing says it.
        instance_type: What it runs on. Empty if the variant has no instances of its own.
    """

    name: str
    package: str = ""
    instance_type: str = ""

    @property
    def version(self) -> int | None:
        """The number of its model package. None if nothing says it."""
        number = self.package.rpartition("/")[2]
        return int(number) if number.isdecimal() else None


@dataclass
class ServedModels:
    """The models of endpoint configurations. A configuration and a model never change, so each is read once.

    Attributes:
        sagemaker: A boto3 SageMaker client.
    """

    sagemaker: Any
    _known: dict[str, dict[str, ServedModel]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, configuration: str) -> dict[str, ServedModel]:
        """The model of each variant of an endpoint configuration. Empty if the configuration or a model is gone."""
        with self._lock:
            if configuration not in self._known:
                try:
                    self._known[configuration] = self._read(configuration)
                except ClientError:  # somebody has deleted what the endpoint does not need any more
                    return {}
            return self._known[configuration]

    def _read(self, configuration: str) -> dict[str, ServedModel]:
        found = self.sagemaker.describe_endpoint_config(EndpointConfigName=configuration)
        every = [*found["ProductionVariants"], *found.get("ShadowProductionVariants", [])]
        return {one["VariantName"]: self._model(one["ModelName"], one.get("InstanceType", "")) for one in every}

    def _model(self, name: str, instance_type: str) -> ServedModel:
        arn = self.sagemaker.describe_model(ModelName=name)["ModelArn"]
        tags = {tag["Key"]: tag["Value"] for tag in self.sagemaker.list_tags(ResourceArn=arn)["Tags"]}
        return ServedModel(name, tags.get(PACKAGE_TAG, ""), instance_type)


def shares(variants: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The share of the requests that each variant gets, 0 to 1, by its current weight."""
    weights = {one["VariantName"]: float(one.get("CurrentWeight") or 0) for one in variants}
    total = sum(weights.values())
    return {name: weight / total if total else 0.0 for name, weight in weights.items()}


def answering(sagemaker: Any, models: ServedModels, name: str | None) -> dict[str, str]:
    """The variants that serve each model package: ``{ARN: "AllTraffic, 90 %"}``. Empty without an endpoint.

    Args:
        name: The endpoint's name.
    """
    found = endpoints.describe(sagemaker, name)
    if found is None or "EndpointConfigName" not in found:
        return {}
    share = shares(found.get("ProductionVariants", []))
    served = models.of(found["EndpointConfigName"])
    said: dict[str, list[str]] = {}
    for variant, model in served.items():
        words = f"{variant}, {100 * share[variant]:.0f} %" if variant in share else f"{variant}, a shadow"
        said.setdefault(model.package, []).append(words)
    return {package: "; ".join(words) for package, words in said.items() if package}


def described(endpoint: Mapping[str, Any], models: ServedModels) -> dict[str, Any]:
    """An endpoint as its page shows it.

    Args:
        endpoint: DescribeEndpoint's answer.
    """
    pending = endpoint.get("PendingDeploymentSummary")
    capture = endpoint.get("DataCaptureConfig") or {}
    guard = (endpoint.get("LastDeploymentConfig") or {}).get("AutoRollbackConfiguration") or {}
    status = endpoint["EndpointStatus"]
    return {
        "name": endpoint["EndpointName"],
        "status": status,
        "kind": STATUS_KINDS.get(status, "run"),
        "reason": endpoint.get("FailureReason"),
        "configuration": endpoint.get("EndpointConfigName"),
        "changed": endpoint["LastModifiedTime"],
        "variants": _variants(endpoint, endpoint.get("EndpointConfigName"), models),
        "pending": pending
        and {
            "configuration": pending["EndpointConfigName"],
            "since": pending.get("StartTime"),
            "variants": _variants(pending, pending["EndpointConfigName"], models),
        },
        "capture": {
            "on": bool(capture.get("EnableCapture")) and capture.get("CaptureStatus") != "Stopped",
            "percent": capture.get("CurrentSamplingPercentage"),
            "place": capture.get("DestinationS3Uri"),
        },
        "guards": [alarm["AlarmName"] for alarm in guard.get("Alarms") or []],
    }


def _variants(found: Mapping[str, Any], configuration: str | None, models: ServedModels) -> list[dict[str, Any]]:
    production, shadow = found.get("ProductionVariants") or [], found.get("ShadowProductionVariants") or []
    share, served = shares(production), models.of(configuration) if configuration else {}
    rows = []
    for one in [*production, *shadow]:
        name = one["VariantName"]
        model = served.get(name)
        rows.append(
            {
                "name": name,
                "shadow": name not in share,
                "share": share.get(name),
                "weight": one.get("CurrentWeight"),
                "wanted_weight": one.get("DesiredWeight"),
                "instances": one.get("CurrentInstanceCount"),
                "wanted_instances": one.get("DesiredInstanceCount"),
                "instance_type": model.instance_type if model else "",
                "model": model.name if model else "",
                "version": model.version if model else None,
                "stages": [
                    {"status": stage["Status"], "since": stage.get("StartTime"), "words": stage.get("StatusMessage")}
                    for stage in one.get("VariantStatus") or []
                ],
            }
        )
    return rows


@dataclass
class Stages:
    """The stages of an endpoint's updates, in the order in which they were seen."""

    seen: list[dict[str, Any]] = field(default_factory=list)

    def take(self, found: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
        """All stages so far.

        Args:
            found: What :func:`described` returns.
            now: When it was so.

        Returns:
            For each stage its ``name``, such as ``Updating: Baking``, and ``since``, when it began.
        """
        pending = found["pending"]
        under_way = (
            {stage["status"] for one in pending["variants"] for stage in one["stages"][-1:]} if pending else set()
        )
        name = ": ".join([found["status"], *([", ".join(sorted(under_way))] if under_way else [])])
        if not self.seen or self.seen[-1]["name"] != name:
            since = now if self.seen else (pending and pending["since"]) or found["changed"]
            self.seen.append({"name": name, "since": since, "kind": found["kind"]})
        return list(self.seen)
