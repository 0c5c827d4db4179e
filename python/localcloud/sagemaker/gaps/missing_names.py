"""What is asked for and does not exist is said with AWS's message, which programs read.

moto: ``sagemaker/models.py`` puts single quotes around an ARN, names a model that cannot be deleted without its ARN,
and has messages of its own for jobs and packages.

AWS answers ``ValidationException`` for nearly everything that does not exist, so only the message tells it from a wrong
request. SageMaker's SDK, Terraform and AWS's controllers for Kubernetes compare it. The messages are those of
``generator.yaml`` of aws-controllers-k8s/sagemaker-controller, and of answers in issues: sagemaker-python-sdk #326
(training jobs), amazon-sagemaker-examples #1540 (tuning jobs).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from moto.sagemaker.exceptions import ResourceNotFound, ValidationError
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.utils import arn_formatter

TRAINING_JOB = "Requested resource not found."
TRANSFORM_JOB = "Could not find requested job with name: {}"
TUNING_JOB = "Amazon SageMaker can't find a tuning job called {}. Type another name."
OF_JOBS = {"training": TRAINING_JOB, "transform": TRANSFORM_JOB, "hyper parameter tuning": TUNING_JOB}

METHODS = (
    "create_endpoint",
    "delete_endpoint",
    "delete_endpoint_config",
    "delete_model",
    "describe_endpoint",
    "describe_endpoint_config",
    "describe_hyper_parameter_tuning_job",
    "describe_model",
    "describe_model_package",
    "describe_training_job",
    "describe_transform_job",
    "update_model_package",
    "validate_production_variants",
)
QUOTED = re.compile(r"Could not find (model|endpoint|endpoint configuration|endpoint_config) '(.+)'\.")
MODEL = re.compile(r'Could not find model "([^:]+)"\.')
JOB = re.compile(r"Could not find (?P<kind>training|transform|hyper parameter tuning) job '(?:.*/)?(?P<name>.+)'\.")
PACKAGE = re.compile(r"Model package (.+) not found")


def apply() -> None:
    """Wrap moto's functions."""
    for name in METHODS:
        setattr(SageMakerModelBackend, name, _as_aws_says(getattr(SageMakerModelBackend, name)))


def _as_aws_says(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: SageMakerModelBackend, *given: Any, **named: Any) -> Any:
        try:
            return method(self, *given, **named)
        except (ValidationError, ResourceNotFound) as error:
            message = said(error.message, self.account_id, self.region_name)
            if message == error.message:
                raise
            raise (ResourceNotFound if isinstance(error, ResourceNotFound) else ValidationError)(message) from None

    return call


def said(message: str, account: str, region: str) -> str:
    """AWS's message for one of moto's. Others are as they were.

    Example::

        >>> said("Could not find endpoint_config 'arn:aws:sagemaker:eu-west-1:1:endpoint-config/a'.", "1", "eu-west-1")
        'Could not find endpoint configuration "arn:aws:sagemaker:eu-west-1:1:endpoint-config/a".'
        >>> said("Could not find transform job 'arn:aws:sagemaker:eu-west-1:1:transform-job/a'.", "1", "eu-west-1")
        'Could not find requested job with name: a'
        >>> said("Model package a not found", "1", "eu-west-1")
        'ModelPackage arn:aws:sagemaker:eu-west-1:1:model-package/a does not exist.'
    """
    if found := QUOTED.fullmatch(message):
        return f'Could not find {found[1].replace("endpoint_config", "endpoint configuration")} "{found[2]}".'
    if found := MODEL.fullmatch(message):
        return f'Could not find model "{arn_formatter("model", found[1], account, region)}".'
    if found := JOB.fullmatch(message):
        return OF_JOBS[found["kind"]].format(found["name"])
    if found := PACKAGE.fullmatch(message):
        arn = found[1] if found[1].startswith("arn:") else arn_formatter("model-package", found[1], account, region)
        return f"ModelPackage {arn} does not exist."
    return message
