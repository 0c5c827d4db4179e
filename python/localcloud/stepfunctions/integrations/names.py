"""The services' names: in a Resource, in boto3, and in the errors of AWS's SDKs for Java.

An optimized integration shows the errors of the SDK for Java 1.x, an AWS SDK integration those of 2.x (Step Functions
Developer Guide, "Learning to use AWS service SDK integrations", and AWS's recorded histories).
"""

from __future__ import annotations

from dataclasses import dataclass

from botocore.model import OperationModel


@dataclass(frozen=True)
class Names:
    """One service's names.

    Attributes:
        boto: boto3's name, ``stepfunctions``.
        prefix: What an error's name begins with, ``StepFunctions``.
        service: The service in the cause, ``AWSStepFunctions``.
        base: The exception of an error that the service's model does not have, ``AWSStepFunctionsException``.
    """

    boto: str
    prefix: str
    service: str
    base: str


OPTIMIZED = {
    "events": Names("events", "EventBridge", "AmazonEventBridge", "AmazonEventBridgeException"),
    "lambda": Names("lambda", "Lambda", "AWSLambda", "AWSLambdaException"),
    "s3": Names("s3", "S3", "Amazon S3", "AmazonS3Exception"),
    "sagemaker": Names("sagemaker", "SageMaker", "AmazonSageMaker", "AmazonSageMakerException"),
    "sns": Names("sns", "SNS", "AmazonSNS", "AmazonSNSException"),
    "sqs": Names("sqs", "SQS", "AmazonSQS", "AmazonSQSException"),
    "states": Names("stepfunctions", "StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException"),
}

# The names of AWS SDK integrations: boto3's name, and the SDK's own where it is not boto3's name with a capital.
_SDK = {
    "applicationautoscaling": ("application-autoscaling", "ApplicationAutoScaling"),
    "budgets": ("budgets", "Budgets"),
    "cloudwatch": ("cloudwatch", "CloudWatch"),
    "cloudwatchlogs": ("logs", "CloudWatchLogs"),
    "costexplorer": ("ce", "CostExplorer"),
    "ec2": ("ec2", "Ec2"),
    "eventbridge": ("events", "EventBridge"),
    "iam": ("iam", "Iam"),
    "kms": ("kms", "Kms"),
    "lambda": ("lambda", "Lambda"),
    "resourcegroupstaggingapi": ("resourcegroupstaggingapi", "ResourceGroupsTaggingApi"),
    "s3": ("s3", "S3"),
    "s3control": ("s3control", "S3Control"),
    "sagemaker": ("sagemaker", "SageMaker"),
    "sagemakermetrics": ("sagemaker-metrics", "SageMakerMetrics"),
    "sagemakerruntime": ("sagemaker-runtime", "SageMakerRuntime"),
    "scheduler": ("scheduler", "Scheduler"),
    "sfn": ("stepfunctions", "Sfn"),
    "sns": ("sns", "Sns"),
    "sqs": ("sqs", "Sqs"),
    "sts": ("sts", "Sts"),
    "xray": ("xray", "XRay"),
}


def names(service: str, *, sdk: bool) -> Names | None:
    """A service's names; None if the local cloud does not have the integration.

    Example::

        >>> names("states", sdk=False).prefix, names("sfn", sdk=True).base, names("glue", sdk=False)
        ('StepFunctions', 'SfnException', None)
    """
    if not sdk:
        return OPTIMIZED.get(service)
    found = _SDK.get(service)
    return Names(found[0], found[1], found[1], f"{found[1]}Exception") if found else None


def sdk_services() -> list[str]:
    """The services of the AWS SDK integrations, as a Resource names them.

    Example::

        >>> "cloudwatchlogs" in sdk_services()
        True
    """
    return sorted(_SDK)


def capitalized(name: str) -> str:
    """A name in Pascal case: AWS shows every parameter so.

    Example::

        >>> capitalized("stateMachineArn"), capitalized("ETag"), capitalized("listObjectsV2")
        ('StateMachineArn', 'ETag', 'ListObjectsV2')
    """
    return name[:1].upper() + name[1:]


def exception(operation: OperationModel, code: str, *, sdk: bool) -> str | None:
    """The name that the SDK for Java gives to an error; None if the service's model lacks the error.

    Version 2 of the SDK, which AWS SDK integrations use, knows the errors of the whole service for every operation.
    S3's AccessDenied is the exception: it belongs to the newest operation only.

    Args:
        sdk: Whether this is an AWS SDK integration.

    Example::

        >>> from moto.core.utils import get_service_model
        >>> read = get_service_model("s3").operation_model("GetObject")
        >>> [exception(read, code, sdk=True) for code in ("NoSuchKey", "NoSuchBucket", "AccessDenied")]
        ['NoSuchKeyException', 'NoSuchBucketException', None]
    """
    known = operation.error_shapes
    if sdk and code != "AccessDenied":
        known = [*known, *operation.service_model.error_shapes]
    for shape in known:
        if code in (shape.name, shape.error_code):
            name = shape.name.removesuffix("Fault")
            return name if name.endswith("Exception") else f"{name}Exception"
    return None
