"""Checks a CreateTrainingJob request. It refuses AWS's errors, and values that the local cloud does not support.

Whole fields that it does not support are in :data:`localcloud.fidelity.PARTS`.

The values of hyperparameters and the contents of channels are not checked here. The algorithm checks them, and the job
fails with a ClientError, as on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.core.utils import get_service_model
from moto.ec2.exceptions import EC2ClientError
from moto.sagemaker.exceptions import ValidationError

from localcloud.ec2.networks import vpc_of
from localcloud.s3 import objects
from localcloud.sagemaker import images
from localcloud.sagemaker.role import ExecutionRole
from localcloud.sagemaker.training import sources
from localcloud.sagemaker.training.checkpoints import PLACE

# Patterns of CreateTrainingJob's API reference.
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
ROLE = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
GPU = re.compile(r"ml\.[pg]\d")
# GPU instances with local storage: EC2 User Guide, "Instance store volumes".
OWN_DISKS = re.compile(r"ml\.(p3dn|p4d|p4de|p5|p5e|p5en|g4dn|g5|g6|g6e)\.")

LONGEST_BY_DEFAULT = 86_400  # seconds; API reference, StoppingCondition
MOST_HYPERPARAMETERS = 100

DATA_TYPES = ("S3Prefix", "ManifestFile", "AugmentedManifestFile")
MODES = ("File", "FastFile", "Pipe")


def check(request: Mapping[str, Any]) -> None:
    """Check a request.

    Args:
        request: CreateTrainingJob's parameters.

    Raises:
        ValidationError: AWS refuses the request, or the local cloud does not support it. The message has the first
            wrong value.

    Example::

        >>> request = {
        ...     "TrainingJobName": "scones-1",
        ...     "RoleArn": "arn:aws:iam::123456789012:role/training",
        ...     "AlgorithmSpecification": {"TrainingImage": "image-classification:1"},
        ...     "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        ... }
        >>> check(request)
        Traceback (most recent call last):
        ...
        moto.sagemaker.exceptions.ValidationError: ValidationException: Instance type ml.m5.large is not supported by
        algorithm image-classification: it trains on GPU instances only, such as ml.g4dn.xlarge
    """
    name = request["TrainingJobName"]
    matches(name, "trainingJobName", NAME, longest=63)
    matches(request.get("RoleArn") or "", "roleArn", ROLE)
    algorithm = request["AlgorithmSpecification"]
    images.check(algorithm.get("TrainingImage"), f"training job '{name}'")
    _check_resources(request.get("ResourceConfig") or {})
    _check_checkpoints(request.get("CheckpointConfig"))
    _check_uri(request["OutputDataConfig"].get("S3OutputPath", ""), "outputDataConfig.s3OutputPath")
    if algorithm.get("MetricDefinitions"):
        raise ValidationError(
            "You can't override the metric definitions for Amazon SageMaker algorithms. "
            "Please retry the request without specifying metric definitions."
        )
    _check_time(request)
    _check_names(request)
    for channel in request.get("InputDataConfig") or []:
        _check_channel(channel, algorithm.get("TrainingInputMode") or "File")


def check_data(request: Mapping[str, Any], role: ExecutionRole) -> None:
    """Check that every channel has an object.

    Args:
        request: CreateTrainingJob's parameters.
        role: The job's role, which looks for the objects.

    Raises:
        ValidationError: A channel has none, or the role may not look.
    """
    for channel in request.get("InputDataConfig") or []:
        if problem := sources.missing(role, channel["DataSource"]["S3DataSource"]["S3Uri"]):
            raise ValidationError(problem)


def check_network(request: Mapping[str, Any], *, account: str, region: str) -> None:
    """Check the subnets and security groups of a request's VpcConfig.

    Args:
        request: CreateTrainingJob's parameters.

    Raises:
        ValidationError: A subnet or security group does not exist, or they belong to different VPCs.
    """
    if not (vpc := request.get("VpcConfig")):
        return
    try:
        vpc_of(vpc["Subnets"], vpc["SecurityGroupIds"], account=account, region=region)
    except EC2ClientError as error:
        raise ValidationError(f"vpcConfig: {error.message}") from None


def _check_resources(resources: Mapping[str, Any]) -> None:
    instance_type = resources.get("InstanceType")
    known = _instance_types()
    if instance_type not in known:
        raise ValidationError(
            f"1 validation error detected: Value '{instance_type}' at 'resourceConfig.instanceType' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{', '.join(known)}]"
        )
    if not GPU.match(instance_type):
        raise ValidationError(
            f"Instance type {instance_type} is not supported by algorithm {images.ALGORITHM}: "
            "it trains on GPU instances only, such as ml.g4dn.xlarge"
        )
    if resources.get("VolumeKmsKeyId") and OWN_DISKS.match(instance_type):
        # API reference, ResourceConfig: "You can't request a VolumeKmsKeyId when using an instance type with local
        # storage."
        raise ValidationError(
            f"VolumeKmsKeyId is not supported for instance type {instance_type}, which has local storage: leave it out"
        )
    if resources.get("InstanceCount", 1) != 1:
        raise ValidationError(
            f"resourceConfig.instanceCount is {resources['InstanceCount']}; the local cloud has one instance: use 1"
        )


def _check_time(request: Mapping[str, Any]) -> None:
    """Check StoppingCondition (API reference, StoppingCondition)."""
    condition = request.get("StoppingCondition") or {}
    wait, spot = condition.get("MaxWaitTimeInSeconds"), request.get("EnableManagedSpotTraining")
    if wait is not None and not spot:
        raise ValidationError(
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
        )
    if spot and (wait is None or wait < condition.get("MaxRuntimeInSeconds", LONGEST_BY_DEFAULT)):
        raise ValidationError(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
        )


def _check_names(request: Mapping[str, Any]) -> None:
    """Check that no channel comes twice, and the number of hyperparameters."""
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig") or []]
    for name in names:
        if names.count(name) > 1:
            raise ValidationError(f"Duplicate channel name '{name}' in inputDataConfig: every channel needs its own")
    if (count := len(request.get("HyperParameters") or {})) > MOST_HYPERPARAMETERS:
        raise ValidationError(
            f"1 validation error detected: Value with length {count} at 'hyperParameters' failed to satisfy "
            f"constraint: Member must have length less than or equal to {MOST_HYPERPARAMETERS}"
        )


def _check_channel(channel: Mapping[str, Any], jobs_mode: str) -> None:
    name = channel["ChannelName"]
    source = (channel.get("DataSource") or {}).get("S3DataSource")
    if not source:
        raise ValidationError(f"channel '{name}' has no S3DataSource: the local cloud supports no other data source")
    kind, mode = source.get("S3DataType"), channel.get("InputMode") or jobs_mode
    if kind not in DATA_TYPES:
        raise ValidationError(
            f"channel '{name}': the local cloud does not support S3DataType {kind}: use {', '.join(DATA_TYPES)}"
        )
    if mode not in MODES:
        raise ValidationError(
            f"channel '{name}': the local cloud does not support input mode {mode}: use {', '.join(MODES)}"
        )
    if kind == "AugmentedManifestFile" and mode != "Pipe":
        raise ValidationError(
            f"channel '{name}': S3DataType AugmentedManifestFile goes with input mode Pipe, not {mode}"
        )
    if kind == "AugmentedManifestFile" and not source.get("AttributeNames"):
        raise ValidationError(
            f"channel '{name}': S3DataType AugmentedManifestFile needs AttributeNames, such as source-ref, class"
        )
    if mode == "FastFile" and kind != "S3Prefix":
        raise ValidationError(f"channel '{name}': input mode FastFile goes with S3DataType S3Prefix, not {kind}")
    for field in ("CompressionType", "RecordWrapperType"):
        value = channel.get(field) or "None"
        if value != "None" and mode != "Pipe":
            raise ValidationError(f"channel '{name}': {field} {value} goes with input mode Pipe, not {mode}")
    _check_uri(source.get("S3Uri", ""), f"inputDataConfig channel '{name}'.s3Uri")


def _check_checkpoints(config: Mapping[str, Any] | None) -> None:
    if not config:
        return
    _check_uri(config.get("S3Uri", ""), "checkpointConfig.s3Uri")
    place = config.get("LocalPath") or PLACE
    if place.rstrip("/") != PLACE:
        raise ValidationError(f"checkpointConfig.localPath is {place}; the algorithm keeps its checkpoints in {PLACE}")


def _check_uri(uri: str, what: str) -> None:
    try:
        objects.split(uri)
    except ValueError as error:
        raise ValidationError(f"{what}: {error}") from None


def matches(value: str, what: str, pattern: re.Pattern[str], *, longest: int | None = None) -> None:
    """Check a value's length and pattern, with AWS's message.

    Args:
        what: The field, as AWS's messages name it: ``trainingJobName``.
        longest: The most characters. None if there is no limit.

    Raises:
        ValidationError: The value is too long or does not match the pattern.

    Example::

        >>> matches("scones_1", "trainingJobName", NAME, longest=63)
        Traceback (most recent call last):
        ...
        moto.sagemaker.exceptions.ValidationError: ValidationException: 1 validation error detected: Value 'scones_1' at
        'trainingJobName' failed to satisfy constraint: Member must satisfy regular expression pattern:
        ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$
    """
    if longest is not None and len(value) > longest:
        must = f"Member must have length less than or equal to {longest}"
    elif not pattern.fullmatch(value):
        must = f"Member must satisfy regular expression pattern: ^{pattern.pattern}$"
    else:
        return
    raise ValidationError(
        f"1 validation error detected: Value '{value}' at '{what}' failed to satisfy constraint: {must}"
    )


@cache
def _instance_types() -> tuple[str, ...]:
    return tuple(get_service_model("sagemaker").shape_for("TrainingInstanceType").enum)
