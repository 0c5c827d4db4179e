"""The plan of an endpoint: a copy of its configuration and models.

Since it is a copy, deleting the configuration or a model has no effect on a running endpoint, as on AWS.

Example (not run: it needs a running cloud)::

    read_plan(backend, "scones-3f2a")   # EndpointPlan(config_name='scones-3f2a', variants=(Variant(…),), …)
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from moto.sagemaker.exceptions import AWSValidationException, ValidationError
from moto.sagemaker.models import SageMakerModelBackend

from localcloud.s3 import objects
from localcloud.sagemaker import images

#: Fields of a model package's container that the local cloud does not support.
OF_PACKAGES = ("AdditionalModelDataSources", "AdditionalS3DataSource", "ModelDataSource")
STARTUP_SECONDS = 120  # the default of ContainerStartupHealthCheckTimeoutInSeconds


@dataclass(frozen=True)
class Variant:
    """One production or shadow variant.

    Attributes:
        image: The address of the container image.
        model_data_url: The S3 address of the artifact.
        weight: Relative to the other variants' weights.
        instance_count: A number only: the local cloud runs one process. None for a serverless variant.
        serverless: ServerlessConfig. None for a variant with instances.
        startup_seconds: The longest time from the process's start to its first answer.
        environment: The container's Environment.
        role_arn: The model's role. SageMaker reads the artifact and writes logs and captures in this role.
        vpc: The model's VpcConfig. None if it has none.
        instance_type: A name only. None for a serverless variant.
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
    """The variants of an endpoint.

    Attributes:
        config_name: The name of the endpoint configuration.
        variants: ProductionVariants.
        capture: DataCaptureConfig. None if the configuration has none.
        shadows: ShadowProductionVariants: at most one.
    """

    config_name: str
    variants: tuple[Variant, ...]
    capture: Mapping[str, Any] | None
    shadows: tuple[Variant, ...] = ()


def read_plan(backend: SageMakerModelBackend, config_name: str) -> EndpointPlan:
    """Read an endpoint configuration and its models.

    Raises:
        ValidationError: The configuration or a model does not exist, or a model's package has changed since.
    """
    config = copy.deepcopy(backend.describe_endpoint_config(config_name))
    variants = tuple(_variant(backend, variant) for variant in config["ProductionVariants"])
    shadows = tuple(_variant(backend, variant) for variant in config.get("ShadowProductionVariants") or [])
    return EndpointPlan(config_name, variants, config.get("DataCaptureConfig") or None, shadows)


def check_config(request: Mapping[str, Any]) -> None:
    """Check a CreateEndpointConfig request.

    Raises:
        ValidationError: A variant has no model, or there are shadow variants of too many variants.
    """
    name, variants = request["EndpointConfigName"], request["ProductionVariants"]
    shadows = request.get("ShadowProductionVariants") or []
    for variant in (*variants, *shadows):
        if not variant.get("ModelName"):
            raise ValidationError(
                f"variant '{variant['VariantName']}': the local cloud does not support inference components; name a "
                "model"
            )
    if shadows and (len(variants), len(shadows)) != (1, 1):
        raise ValidationError(
            f"endpoint configuration '{name}' has {len(variants)} production and {len(shadows)} shadow "
            "variants; with ShadowProductionVariants it must have one of each"
        )


def check_model(backend: SageMakerModelBackend, request: Mapping[str, Any]) -> None:
    """Check the container of a CreateModel request.

    Raises:
        ValidationError: The local cloud cannot run it, or its model package does not exist. The message says why.
    """
    given = request.get("PrimaryContainer")
    _container(backend, request["ModelName"], [given] if given else request.get("Containers") or [])


def of_model(backend: SageMakerModelBackend, model_name: str) -> Variant:
    """A variant that serves one model, for what needs no endpoint configuration.

    Raises:
        ValidationError: The model does not exist, or its package has changed since.
    """
    return _variant(backend, {"VariantName": "AllTraffic", "ModelName": model_name})


def retain(new: EndpointPlan, old: EndpointPlan, *, exclude: frozenset[str] = frozenset()) -> EndpointPlan:
    """RetainAllVariantProperties: ``new`` with the weights, instance counts and data capture of ``old``.

    Args:
        exclude: The VariantPropertyTypes of ExcludeRetainedVariantProperties.

    Example::

        >>> old = Variant("Blue", "image-classification:1", "s3://bucket/old.tar.gz", 1.0, 4, None, 120, {})
        >>> new = replace(old, model_data_url="s3://bucket/new.tar.gz", instance_count=1)
        >>> plan = retain(EndpointPlan("scones-2", (new,), None), EndpointPlan("scones-1", (old,), None))
        >>> plan.config_name, plan.variants[0].model_data_url, plan.variants[0].instance_count
        ('scones-2', 's3://bucket/new.tar.gz', 4)
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


def rescale(plan: EndpointPlan, changes: Sequence[Mapping[str, Any]]) -> EndpointPlan:
    """UpdateEndpointWeightsAndCapacities: ``plan`` with other weights and instance counts.

    Args:
        changes: DesiredWeightsAndCapacities. A change keeps the fields that it does not have.

    Raises:
        AWSValidationException: A variant does not exist, or has two changes.

    Example::

        >>> blue = Variant("Blue", "image-classification:1", "s3://bucket/model.tar.gz", 1.0, 4, None, 120, {})
        >>> plan = rescale(EndpointPlan("scones-1", (blue,), None), [{"VariantName": "Blue", "DesiredWeight": 0.5}])
        >>> plan.variants[0].weight, plan.variants[0].instance_count
        (0.5, 4)
    """
    known = {variant.name: variant for variant in plan.variants}
    names = [change["VariantName"] for change in changes]
    for name in names:
        if names.count(name) > 1:
            raise AWSValidationException(f'The variant name "{name}" was non-unique within the request.')
        if name not in known:
            raise AWSValidationException(
                f'The variant name(s) "{name}" is/are not present within endpoint configuration "{plan.config_name}".'
            )
    for change in changes:
        variant = known[change["VariantName"]]
        known[variant.name] = replace(
            variant,
            weight=_given(change.get("DesiredWeight"), variant.weight),
            instance_count=_given(change.get("DesiredInstanceCount"), variant.instance_count),
        )
    return replace(plan, variants=tuple(known.values()))


def _given(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _variant(backend: SageMakerModelBackend, variant: Mapping[str, Any]) -> Variant:
    model_name = variant["ModelName"]
    model = backend.describe_model(model_name)
    containers = [model.primary_container] if model.primary_container else model.containers
    container = _container(backend, model_name, containers)
    return Variant(
        name=variant["VariantName"],
        image=container["Image"],
        model_data_url=container["ModelDataUrl"],
        weight=variant.get("InitialVariantWeight", 1.0),
        instance_count=variant.get("InitialInstanceCount"),
        serverless=variant.get("ServerlessConfig"),
        startup_seconds=variant.get("ContainerStartupHealthCheckTimeoutInSeconds") or STARTUP_SECONDS,
        environment=container.get("Environment") or {},
        role_arn=model.execution_role_arn,
        vpc=model.vpc_config or None,
        instance_type=variant.get("InstanceType"),
    )


def _container(
    backend: SageMakerModelBackend, model_name: str, containers: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """A model's ContainerDefinition. If the model names a model package, it is the package's.

    Raises:
        ValidationError: There is not one, the local cloud cannot run it, or there is no package.
    """
    if len(containers) == 1 and (package_name := containers[0].get("ModelPackageName")):
        package = backend.describe_model_package(package_name)
        containers = (package.inference_specification or {}).get("Containers") or []
    if len(containers) != 1:
        raise ValidationError(
            f"model '{model_name}' has {len(containers)} containers; the local cloud runs one container a model"
        )
    for field in OF_PACKAGES:
        if containers[0].get(field):
            raise ValidationError(f"model '{model_name}': the local cloud does not support {field}: use ModelDataUrl")
    images.check(containers[0].get("Image"), f"model '{model_name}'")
    try:
        objects.split(containers[0].get("ModelDataUrl") or "")
    except ValueError as error:
        raise ValidationError(f"model '{model_name}': ModelDataUrl {error}") from None
    return containers[0]
