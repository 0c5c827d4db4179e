"""What an endpoint is to run, taken from its configuration and models when it is asked for.

Example::

    read_plan(backend, "scones-3f2a")   # EndpointPlan(config_name='scones-3f2a', variants=(Variant(…),), …)

A plan is a copy: deleting the configuration or a model afterwards does nothing to a running endpoint, as on AWS.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend

from localcloud.s3 import objects
from localcloud.sagemaker import images

UNSUPPORTED = ("AsyncInferenceConfig", "ExplainerConfig")
STARTUP_SECONDS = 120  # where the configuration has no ContainerStartupHealthCheckTimeoutInSeconds


@dataclass(frozen=True)
class Variant:
    """One production or shadow variant.

    Attributes:
        name: The variant's name.
        image: The container image's address.
        model_data_url: The artifact's address in S3.
        weight: The share of requests it gets, relative to the other variants' weights.
        instance_count: How many instances; the local cloud runs one process, whatever the count.
        serverless: ServerlessConfig, where the variant has no instances.
        startup_seconds: How long its process may take until it answers.
        environment: The model's Environment.
        role_arn: The model's role, in whose name its artifact is read and what it leaves is written.
        vpc: The model's VpcConfig; None where it has none.
        instance_type: What its instances are, which the local cloud has none of.
    """

    name: str
    image: str
    model_data_url: str
    weight: float
    instance_count: int | None
    serverless: Mapping[str, Any] | None
    startup_seconds: int
    environment: Mapping[str, str]
    role_arn: str = ""
    vpc: Mapping[str, Any] | None = None
    instance_type: str | None = None


@dataclass(frozen=True)
class EndpointPlan:
    """A whole endpoint's.

    Attributes:
        config_name: The endpoint configuration's name.
        variants: Its production variants.
        capture: DataCaptureConfig; None where the configuration has none.
        shadows: Variants that get copies of requests, and whose answers nobody gets.
    """

    config_name: str
    variants: tuple[Variant, ...]
    capture: Mapping[str, Any] | None
    shadows: tuple[Variant, ...] = ()


def read_plan(backend: SageMakerModelBackend, config_name: str) -> EndpointPlan:
    """Read an endpoint configuration and its models.

    Raises:
        ValidationError: one of them is missing, or asks for what the local cloud cannot run; the message names it.
    """
    config = copy.deepcopy(backend.describe_endpoint_config(config_name))
    for field in UNSUPPORTED:
        if config.get(field):
            raise ValidationError(f"endpoint configuration '{config_name}': the local cloud does not support {field}")
    variants = tuple(_variant(backend, variant) for variant in config["ProductionVariants"])
    shadows = tuple(_variant(backend, variant) for variant in config.get("ShadowProductionVariants") or [])
    if shadows and (len(variants), len(shadows)) != (1, 1):
        raise ValidationError(
            f"endpoint configuration '{config_name}' has {len(variants)} production and {len(shadows)} shadow "
            "variants; with ShadowProductionVariants it has one of each"
        )
    return EndpointPlan(config_name, variants, config.get("DataCaptureConfig") or None, shadows)


def retain(new: EndpointPlan, old: EndpointPlan, *, exclude: frozenset[str] = frozenset()) -> EndpointPlan:
    """``new`` with the properties of ``old`` that RetainAllVariantProperties keeps.

    Args:
        exclude: VariantPropertyType of ExcludeRetainedVariantProperties.
    """
    before = {variant.name: variant for variant in old.variants}
    variants = []
    for variant in new.variants:
        if kept := before.get(variant.name):
            if "DesiredWeight" not in exclude:
                variant = replace(variant, weight=kept.weight)
            if "DesiredInstanceCount" not in exclude and kept.instance_count:
                variant = replace(variant, instance_count=kept.instance_count)
        variants.append(variant)
    capture = new.capture if "DataCaptureConfig" in exclude else old.capture
    return replace(new, variants=tuple(variants), capture=capture)


def _variant(backend: SageMakerModelBackend, variant: Mapping[str, Any]) -> Variant:
    name, model_name = variant["VariantName"], variant.get("ModelName")
    if not model_name:
        raise ValidationError(f"variant '{name}': the local cloud does not support inference components; name a model")
    model = backend.describe_model(model_name)
    container = _container(backend, model_name)
    image, url = container.get("Image"), container.get("ModelDataUrl")
    images.check(image, f"model '{model_name}'")
    try:
        objects.split(url or "")
    except ValueError as error:
        raise ValidationError(f"model '{model_name}': ModelDataUrl {error}") from None
    return Variant(
        name=name,
        image=image,
        model_data_url=url,
        weight=variant.get("InitialVariantWeight", 1.0),
        instance_count=variant.get("InitialInstanceCount"),
        serverless=variant.get("ServerlessConfig"),
        startup_seconds=variant.get("ContainerStartupHealthCheckTimeoutInSeconds") or STARTUP_SECONDS,
        environment=container.get("Environment") or {},
        role_arn=model.execution_role_arn,
        vpc=model.vpc_config or None,
        instance_type=variant.get("InstanceType"),
    )


def _container(backend: SageMakerModelBackend, model_name: str) -> Mapping[str, Any]:
    """A model's ContainerDefinition: its own, or that of the model package it names."""
    model = backend.describe_model(model_name)
    containers = [model.primary_container] if model.primary_container else model.containers
    if len(containers) != 1:
        raise ValidationError(
            f"model '{model_name}' has {len(containers)} containers; the local cloud runs one container a model"
        )
    container = containers[0]
    if container.get("ModelDataSource"):
        raise ValidationError(f"model '{model_name}': the local cloud does not support ModelDataSource: ModelDataUrl")
    package_name = container.get("ModelPackageName")
    if package_name:
        package = backend.describe_model_package(package_name)
        return (package.inference_specification or {}).get("Containers", [{}])[0]
    return container
