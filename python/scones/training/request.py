"""Builds the request of a training job.

Example::

    >>> from scones import settings
    >>> from scones.training.spec import JobSpec
    >>> environment = settings.load("dev")
    >>> chosen = hyperparameters(environment, classes=2, samples=900, overrides={"epochs": "10"})
    >>> spec = JobSpec("s3://BUCKET/datasets/3f9a", chosen, "BUCKET", "arn:aws:iam::123456789012:role/training")
    >>> found = request(environment, spec, name="scones-dev-1", tags={})
    >>> [channel["channel_name"] for channel in found["input_data_config"]]
    ['train', 'validation', 'train_lst', 'validation_lst']
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from imageclassification.hyperparameters import Hyperparameters, parse
from scones.errors import InputError, SettingsError
from scones.model.image import image_uri
from scones.settings import PROJECT
from scones.training import weights
from scones.training.recipe import SMALL_IMAGES, for_epochs

if TYPE_CHECKING:
    from scones.settings import Environment
    from scones.training.spec import JobSpec, Placement

# The content types of the algorithm's channels, and the container's folder for checkpoints.
IMAGES, RECORDIO, MODEL = "application/x-image", "application/x-recordio", "application/x-sagemaker-model"
CHECKPOINTS = "/opt/ml/checkpoints"

# The pattern of names in CreateTrainingJob and CreateHyperParameterTuningJob. Their maximum lengths differ.
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
    """Combine the recipe with the environment's hyperparameters and ``overrides``. The last one wins.

    Args:
        classes: The number of classes in the data set.
        samples: The number of training images.
        overrides: Hyperparameters by name, as text. Another number of epochs moves the recipe's steps along. An empty
            value selects the algorithm's default.
        recipe: The default hyperparameters.

    Raises:
        HyperparameterError: a hyperparameter is unknown, has a wrong value, or contradicts another one.
    """
    counted = {"num_classes": str(classes), "num_training_samples": str(samples)}
    given = {**environment.training.hyperparameters, **counted, **(overrides or {})}
    epochs = str(given.get("epochs", ""))
    if epochs.isdecimal() and int(epochs):
        recipe = for_epochs(recipe, int(epochs))
    values = {**recipe, **given}
    return parse({name: value for name, value in values.items() if value != ""})


def check_name(name: str, *, of: str = "training", longest: int = 63) -> None:
    """Refuse a job name that SageMaker does not accept.

    Args:
        of: The kind of job, for the message.
        longest: The maximum length.

    Raises:
        InputError: the name is too long or has other characters.
    """
    if len(name) > longest or not _NAME.fullmatch(name):
        raise InputError(
            f"'{name}' cannot be a {of} job's name",
            hint=f"use letters, digits and hyphens between them, {longest} at most",
        )


def check_instance_type(instance_type: str) -> None:
    """Refuse an instance type that the algorithm does not support for training.

    Raises:
        SettingsError: the instance type is unknown, retired, has no GPU, or is not documented for the algorithm.
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
    """A job name from the environment and the time (UTC): ``scones-dev-20260101-120000``."""
    place = re.sub(r"[^a-zA-Z0-9]+", "-", environment.name).strip("-")[:30]
    return f"{PROJECT}-{place}-{now or datetime.now(UTC):%Y%m%d-%H%M%S}"


def request(environment: Environment, spec: JobSpec, *, name: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """The arguments for ``TrainingJob.create`` of ``sagemaker.core``: CreateTrainingJob's fields in snake case.

    Raises:
        InputError: SageMaker does not accept the name.
        HyperparameterError: there are no pretrained weights for the hyperparameters.
        SettingsError: the algorithm does not support the instance type or the region.
    """
    check_name(name)
    check_instance_type(environment.training.instance_type)
    if spec.model_uri is None:
        weights.check(environment, spec.hyperparameters)
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
        # Without a key here, SageMaker would encrypt the model with the account's default key, not the bucket's.
        "output_data_config": {
            "s3_output_path": f"s3://{spec.bucket}/models",
            **({"kms_key_id": spec.placement.kms_key_arn} if spec.placement.kms_key_arn else {}),
        },
        # No key for the volume. SageMaker refuses one for instances with local disks, as the algorithm's have. Their
        # hardware encrypts the disks (API reference, ResourceConfig, VolumeKmsKeyId).
        "resource_config": {
            "instance_type": environment.training.instance_type,
            "instance_count": 1,
            "volume_size_in_gb": environment.training.volume_size_gb,
        },
        # SageMaker copies the data into the container. The container needs no network.
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
        # Without the slash, the prefix would also match train.lst.
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
