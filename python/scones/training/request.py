"""What a training job is asked for: pure functions from an environment and a data set to a request.

Example::

    chosen = hyperparameters(environment, classes=2, samples=900, overrides={"epochs": "10"})
    request(environment, JobSpec.within(outputs, dataset_uri=…, hyperparameters=chosen), name="scones-dev-1", tags={})
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from imageclassification.hyperparameters import Hyperparameters, check_pretrained, parse
from scones.errors import InputError, SettingsError
from scones.model.image import image_uri
from scones.settings import PROJECT
from scones.training.recipe import SMALL_IMAGES, for_epochs

if TYPE_CHECKING:
    from scones.settings import Environment
    from scones.training.spec import JobSpec, Placement

# The content types of the algorithm's channels, and where SageMaker keeps a container's checkpoints.
IMAGES, RECORDIO, MODEL = "application/x-image", "application/x-recordio", "application/x-sagemaker-model"
CHECKPOINTS = "/opt/ml/checkpoints"

# The pattern of CreateTrainingJob and CreateHyperParameterTuningJob for a name; how long it may be is said apart.
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")

# SageMaker's developer guide, "Image Classification - MXNet", EC2 instance recommendation.
_FAMILIES = ("g4dn", "g5")
_RETIRED = ("p2", "p3", "p3dn")


def hyperparameters(
    environment: Environment,
    *,
    classes: int,
    samples: int,
    overrides: Mapping[str, str] | None = None,
    recipe: Mapping[str, str] = SMALL_IMAGES,
) -> Hyperparameters:
    """The project's recipe, changed by the environment and then by ``overrides``, for a data set.

    Args:
        classes: How many classes the data set has.
        samples: How many training images it has.
        overrides: Hyperparameters by name, as a person gave them. Another number of epochs moves the recipe's steps
            along. An empty value leaves a hyperparameter to the algorithm.
        recipe: What is set unless the environment or a person sets otherwise.

    Raises:
        HyperparameterError: one is unknown, not allowed, or does not go with another.
    """
    counted = {"num_classes": str(classes), "num_training_samples": str(samples)}
    given = {**environment.training.hyperparameters, **counted, **(overrides or {})}
    epochs = str(given.get("epochs", ""))
    if epochs.isdecimal() and int(epochs):
        recipe = for_epochs(recipe, int(epochs))
    values = {**recipe, **given}
    return parse({name: value for name, value in values.items() if value != ""})


def check_name(name: str, *, of: str = "training", longest: int = 63) -> None:
    """Refuse a job's name that SageMaker does not take.

    Raises:
        InputError: it is such a one.
    """
    if len(name) > longest or not _NAME.fullmatch(name):
        raise InputError(
            f"'{name}' cannot be a {of} job's name",
            hint=f"use letters, digits and hyphens between them, {longest} at most",
        )


def check_instance_type(instance_type: str) -> None:
    """Refuse an instance type that the algorithm does not train on.

    Raises:
        SettingsError: it is retired, a CPU's, or none that the algorithm is documented for.
    """
    match = re.fullmatch(r"ml\.([a-z0-9-]+)\.[a-z0-9-]+", instance_type)
    family = match[1] if match else ""
    if family in _FAMILIES:
        return
    if not match:
        why = "no SageMaker instance type"
    elif family in _RETIRED:
        why = f"of the ml.{family} family, which AWS retires"
    elif not re.match(r"g\d|p\d", family):
        why = "a CPU's: the algorithm trains on GPUs only"
    else:
        why = f"of the ml.{family} family, which the algorithm is not documented for"
    raise SettingsError(
        f"the training instance type is '{instance_type}', {why}",
        hint="set training.instance_type in the environment's environment.json, for instance to ml.g4dn.xlarge",
    )


def new_name(environment: Environment, now: datetime | None = None) -> str:
    """A job's name that says where and when (UTC): ``scones-dev-20260101-120000``."""
    place = re.sub(r"[^a-zA-Z0-9]+", "-", environment.name).strip("-")[:30]
    return f"{PROJECT}-{place}-{now or datetime.now(UTC):%Y%m%d-%H%M%S}"


def request(environment: Environment, spec: JobSpec, *, name: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """What ``sagemaker.core``'s ``TrainingJob.create`` is given: CreateTrainingJob's fields in snake case.

    Args:
        environment: Gives the instance, and the region of the image.
        name: The job's name.
        tags: The job's tags.

    Raises:
        InputError: SageMaker does not take the name; or there are no pretrained weights for the hyperparameters.
        SettingsError: the algorithm does not train on the instance type, or is not offered in the region.
    """
    check_name(name)
    check_instance_type(environment.training.instance_type)
    check_pretrained(spec.hyperparameters, model_channel=spec.model_uri is not None)
    checkpoints = {"s3_uri": spec.checkpoint_uri, "local_path": CHECKPOINTS} if spec.checkpoint_uri else None
    return {
        "training_job_name": name,
        "role_arn": spec.role_arn,
        "algorithm_specification": {"training_image": image_uri(environment.region), "training_input_mode": "File"},
        "hyper_parameters": spec.hyperparameters.to_strings(),
        "input_data_config": [
            *(_records(spec.dataset_uri) if spec.recordio else _images(spec.dataset_uri)),
            *([_channel("model", spec.model_uri, MODEL)] if spec.model_uri else []),
        ],
        # SageMaker would write the model under the account's default key for S3, not under the bucket's, if not told.
        "output_data_config": {
            "s3_output_path": f"s3://{spec.bucket}/models",
            **({"kms_key_id": spec.placement.kms_key_arn} if spec.placement.kms_key_arn else {}),
        },
        # No key for the volume: SageMaker refuses one for instances with disks of their own, which the algorithm's are,
        # and which their hardware encrypts (API reference, ResourceConfig, VolumeKmsKeyId).
        "resource_config": {
            "instance_type": environment.training.instance_type,
            "instance_count": 1,
            "volume_size_in_gb": environment.training.volume_size_gb,
        },
        # SageMaker brings the container its data; it has no reason to reach a network.
        "enable_network_isolation": True,
        **_network(spec.placement),
        "stopping_condition": {"max_runtime_in_seconds": environment.training.max_runtime_seconds},
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
        **({"checkpoint_config": checkpoints} if checkpoints else {}),
    }


def _network(placement: Placement) -> dict[str, Any]:
    if not placement.subnet_ids:
        return {}
    return {
        "vpc_config": {
            "subnets": list(placement.subnet_ids),
            "security_group_ids": list(placement.security_group_ids),
        }
    }


def _images(dataset_uri: str) -> list[dict[str, Any]]:
    return [
        # A prefix without its slash would take train.lst into the channel of images.
        _channel("train", f"{dataset_uri}/train/", IMAGES),
        _channel("validation", f"{dataset_uri}/validation/", IMAGES),
        _channel("train_lst", f"{dataset_uri}/train.lst", IMAGES),
        _channel("validation_lst", f"{dataset_uri}/validation.lst", IMAGES),
    ]


def _records(dataset_uri: str) -> list[dict[str, Any]]:
    return [_channel(name, f"{dataset_uri}/{name}.rec", RECORDIO) for name in ("train", "validation")]


def _channel(name: str, uri: str, content_type: str) -> dict[str, Any]:
    return {
        "channel_name": name,
        "content_type": content_type,
        "compression_type": "None",
        "data_source": {
            "s3_data_source": {
                "s3_data_type": "S3Prefix",
                "s3_uri": uri,
                "s3_data_distribution_type": "FullyReplicated",
            }
        },
    }
