"""What CreateTrainingJob refuses before a job exists: by AWS's rules, and what the local cloud does not do, by name.

Example::

    check({"TrainingJobName": "scones-1", "ResourceConfig": {"InstanceType": "ml.m5.large", …}, …})
    # ValidationError: … ml.m5.large is not supported by algorithm image-classification …

Hyperparameters and the channels' contents are no matter of this call: the algorithm looks at them, and the job fails
with a ClientError, as on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.core.utils import get_service_model
from moto.sagemaker.exceptions import ValidationError

from scones.localcloud import images, objects

# Patterns of CreateTrainingJob's API reference.
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
ROLE = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
GPU = re.compile(r"ml\.[pg]\d")

# Fields that change what a job does, which the local cloud would have to pretend.
UNSUPPORTED = ("CheckpointConfig", "DebugRuleConfigurations", "ProfilerRuleConfigurations", "ServerlessJobConfig")


def check(request: Mapping[str, Any]) -> None:
    """Refuse a request that AWS refuses, or that the local cloud cannot really do.

    Args:
        request: CreateTrainingJob's parameters.

    Raises:
        ValidationError: the first thing wrong, with its value.
    """
    name = request["TrainingJobName"]
    _matches(name, "trainingJobName", NAME)
    _matches(request.get("RoleArn") or "", "roleArn", ROLE)
    algorithm = request["AlgorithmSpecification"]
    images.check(algorithm.get("TrainingImage"), f"training job '{name}'")
    _check_resources(request.get("ResourceConfig") or {})
    _check_input_mode(algorithm.get("TrainingInputMode", "File"), "the job")
    _check_uri(request["OutputDataConfig"].get("S3OutputPath", ""), "outputDataConfig.s3OutputPath")
    for channel in request.get("InputDataConfig") or []:
        _check_channel(channel)
    for field in UNSUPPORTED:
        if request.get(field):
            raise ValidationError(f"the local cloud does not support {field} of a training job: leave it out")


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
    if resources.get("InstanceCount", 1) != 1:
        raise ValidationError(
            f"the local cloud trains on one instance; resourceConfig.instanceCount is {resources['InstanceCount']}"
        )


def _check_channel(channel: Mapping[str, Any]) -> None:
    name = channel["ChannelName"]
    source = (channel.get("DataSource") or {}).get("S3DataSource")
    if not source:
        raise ValidationError(f"channel '{name}': the local cloud reads channels from S3DataSource only")
    if source.get("S3DataType") != "S3Prefix":
        raise ValidationError(f"channel '{name}': the local cloud does not support S3DataType {source['S3DataType']}")
    if channel.get("CompressionType") not in (None, "None"):
        raise ValidationError(f"channel '{name}': the local cloud does not support CompressionType Gzip")
    _check_input_mode(channel.get("InputMode", "File"), f"channel '{name}'")
    _check_uri(source.get("S3Uri", ""), f"inputDataConfig channel '{name}'.s3Uri")


def _check_input_mode(mode: str, what: str) -> None:
    if mode not in ("File", "FastFile"):
        raise ValidationError(f"{what}: the local cloud does not support input mode {mode}; use File")


def _check_uri(uri: str, what: str) -> None:
    try:
        objects.split(uri)
    except ValueError as error:
        raise ValidationError(f"{what}: {error}") from None


def _matches(value: str, what: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(value):
        raise ValidationError(
            f"1 validation error detected: Value '{value}' at '{what}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: ^{pattern.pattern}$"
        )


@cache
def _instance_types() -> tuple[str, ...]:
    return tuple(get_service_model("sagemaker").shape_for("TrainingInstanceType").enum)
