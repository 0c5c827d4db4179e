"""Checks a CreateTransformJob request. It refuses AWS's errors, and everything the local cloud does not support.

The limits are those of CreateTransformJob's API reference and of "Associate Prediction Results with Input Records".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.core.utils import get_service_model
from moto.sagemaker.exceptions import AWSValidationException, ValidationError
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.utils import arn_formatter

from localcloud.iam.roles import CannotAssume, Roles
from localcloud.s3 import objects
from localcloud.sagemaker.hosting.plan import Variant, of_model
from localcloud.sagemaker.role import ExecutionRole
from localcloud.sagemaker.training import sources
from localcloud.sagemaker.training.request import NAME, OWN_DISKS, matches
from localcloud.sagemaker.transform import joining

DATA_TYPES = ("S3Prefix", "ManifestFile")
ENUMERATIONS = {
    "BatchStrategy": ("MultiRecord", "SingleRecord"),
    "TransformInput.CompressionType": ("None", "Gzip"),
    "TransformInput.SplitType": ("None", "Line", "RecordIO", "TFRecord"),
    "TransformOutput.AssembleWith": ("None", "Line"),
    "DataProcessing.JoinSource": ("Input", "None"),
}
#: The least and the most of each number; None for no limit.
RANGES = {
    "MaxConcurrentTransforms": (0, None),
    "MaxPayloadInMB": (0, None),
    "ModelClientConfig.InvocationsTimeoutInSeconds": (1, 3600),
    "ModelClientConfig.InvocationsMaxRetries": (0, 3),
    "TransformResources.InstanceCount": (1, None),
}
MOST_MB = 100  # of one payload, and of all payloads that are sent at once
MOST_VARIABLES = 16
JSON_TYPES = ("application/json", "application/jsonlines")
PAYLOAD_MB = 6  # the default of MaxPayloadInMB


def check(request: Mapping[str, Any]) -> None:
    """Check a request.

    Args:
        request: CreateTransformJob's parameters.

    Raises:
        ValidationError: AWS refuses the request, or the local cloud does not support it. The message has the first
            wrong value.

    Example::

        >>> source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/images/"}
        >>> request = {
        ...     "TransformJobName": "scones-1",
        ...     "ModelName": "scones",
        ...     "TransformInput": {"DataSource": {"S3DataSource": source}, "ContentType": "application/x-image"},
        ...     "TransformOutput": {"S3OutputPath": "s3://bucket/answers"},
        ...     "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        ... }
        >>> check(request)
        >>> check(request | {"MaxConcurrentTransforms": 4, "MaxPayloadInMB": 30})
        Traceback (most recent call last):
        ...
        moto.sagemaker.exceptions.ValidationError: ValidationException: MaxConcurrentTransforms * MaxPayloadInMB is 120
        MB; it cannot exceed 100 MB
    """
    matches(request["TransformJobName"], "transformJobName", NAME, longest=63)
    for field, allowed in ENUMERATIONS.items():
        value = _value(request, field)
        if value is not None and value not in allowed:
            raise _wrong(value, field, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    for field, (least, most) in RANGES.items():
        value = _value(request, field)
        if value is not None and value < least:
            raise _wrong(value, field, f"Member must have value greater than or equal to {least}")
        if value is not None and most is not None and value > most:
            raise _wrong(value, field, f"Member must have value less than or equal to {most}")
    _check_payloads(request)
    _check_resources(request["TransformResources"])
    if (count := len(request.get("Environment") or {})) > MOST_VARIABLES:
        raise _wrong(
            f"with {count} items", "Environment", f"Member must have length less than or equal to {MOST_VARIABLES}"
        )
    source = request["TransformInput"]["DataSource"].get("S3DataSource") or {}
    if source.get("S3DataType") not in DATA_TYPES:
        raise ValidationError(
            f"transformInput: S3DataType {source.get('S3DataType')} is not supported for transform jobs: "
            f"use {', '.join(DATA_TYPES)}"
        )
    for uri, where in (
        (source.get("S3Uri", ""), "transformInput.dataSource.s3DataSource.s3Uri"),
        (request["TransformOutput"]["S3OutputPath"], "transformOutput.s3OutputPath"),
    ):
        try:
            objects.split(uri)
        except ValueError as error:
            raise ValidationError(f"{where}: {error}") from None
    _check_processing(request)


def check_data(request: Mapping[str, Any], role: ExecutionRole) -> None:
    """Check that there is something under the input's address (aws/amazon-sagemaker-examples, issue 2270).

    Raises:
        ValidationError: There is nothing, or the model's role may not look.
    """
    if problem := sources.missing(role, request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]):
        raise ValidationError(problem)


def model_of(backend: SageMakerModelBackend, name: str, roles: Roles) -> Variant:
    """The model that a job uses.

    Raises:
        ValidationError: It does not exist, the local cloud cannot run it, or SageMaker cannot assume its role.
    """
    if name not in backend._models:
        arn = arn_formatter("model", name, backend.account_id, backend.region_name)
        raise AWSValidationException(f'Could not find model "{arn}".')
    model = of_model(backend, name)
    try:
        roles.assume(model.role_arn, "sagemaker.amazonaws.com")
    except CannotAssume as error:
        raise ValidationError(str(error)) from None
    return model


def _check_payloads(request: Mapping[str, Any]) -> None:
    size, parallel = request.get("MaxPayloadInMB"), request.get("MaxConcurrentTransforms") or 0
    if size == 0:
        raise ValidationError(
            "MaxPayloadInMB is 0, which streams payloads with HTTP chunked encoding; SageMaker's built-in algorithms "
            "do not support it: set 1 to 100"
        )
    if size is not None and size > MOST_MB:
        raise ValidationError(f"MaxPayloadInMB is {size}; it cannot be greater than {MOST_MB} MB")
    if parallel * (PAYLOAD_MB if size is None else size) > MOST_MB:
        raise ValidationError(
            f"MaxConcurrentTransforms * MaxPayloadInMB is {parallel * (PAYLOAD_MB if size is None else size)} MB; "
            f"it cannot exceed {MOST_MB} MB"
        )


def _check_resources(resources: Mapping[str, Any]) -> None:
    kind = resources.get("InstanceType")
    if kind not in _instance_types():
        raise _wrong(
            kind,
            "TransformResources.InstanceType",
            f"Member must satisfy enum value set: [{', '.join(_instance_types())}]",
        )
    if resources.get("VolumeKmsKeyId") and OWN_DISKS.match(str(kind)):
        raise ValidationError(
            f"VolumeKmsKeyId is not supported for instance type {kind}, which has local storage: leave it out"
        )


def _check_processing(request: Mapping[str, Any]) -> None:
    """Check DataProcessing. Input that is filtered or joined must be JSON, and so must the answers to it."""
    given = request.get("DataProcessing") or {}
    for field in ("InputFilter", "OutputFilter"):
        try:
            joining.parse(given.get(field) or "$")
        except joining.BadPath as error:
            raise ValidationError(f"dataProcessing.{field[0].lower()}{field[1:]}: {error}") from None
    reads = (given.get("InputFilter") or "$") != "$" or given.get("JoinSource") == "Input"
    kind = _media(request["TransformInput"].get("ContentType"))
    accept = _media(request["TransformOutput"].get("Accept"))
    if kind == "text/csv" and (reads or (given.get("OutputFilter") or "$") != "$"):
        raise ValidationError(
            "the local cloud does not support DataProcessing of text/csv: its algorithm, image-classification, answers "
            f"{' and '.join(JSON_TYPES)}"
        )
    if reads and (kind not in JSON_TYPES or accept != kind):
        raise ValidationError(
            f"InputFilter and JoinSource need a ContentType and an Accept that are the same, one of text/csv, "
            f"{', '.join(JSON_TYPES)}; they are {kind or 'not given'} and {accept or 'not given'}"
        )


def _media(value: str | None) -> str:
    return (value or "").partition(";")[0].strip().lower()


def _value(request: Mapping[str, Any], field: str) -> Any:
    first, _, second = field.partition(".")
    value = request.get(first)
    return (value or {}).get(second) if second else value


def _wrong(value: Any, field: str, must: str) -> ValidationError:
    shown = ".".join(part[:1].lower() + part[1:] for part in re.split(r"\.", field))
    return ValidationError(
        f"1 validation error detected: Value '{value}' at '{shown}' failed to satisfy constraint: {must}"
    )


@cache
def _instance_types() -> tuple[str, ...]:
    return tuple(get_service_model("sagemaker").shape_for("TransformInstanceType").enum)
