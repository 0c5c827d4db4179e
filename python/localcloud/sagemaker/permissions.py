"""The permissions that SageMaker's operations need: training, tuning, transform, registry, models, endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from moto.sagemaker.models import sagemaker_backends

from localcloud.iam.needs import Asked, Given, Need, Table, on, passing
from localcloud.kms.keys import arn_of, tags

SAGEMAKER = "arn:aws:sagemaker:{region}:{account}:"
JOB = SAGEMAKER + "training-job/{TrainingJobName}"
TUNING = SAGEMAKER + "hyper-parameter-tuning-job/{HyperParameterTuningJobName}"
TRANSFORM = SAGEMAKER + "transform-job/{TransformJobName}"
GROUP = SAGEMAKER + "model-package-group/{ModelPackageGroupName}"
MODEL = SAGEMAKER + "model/{ModelName}"
CONFIGURATION = SAGEMAKER + "endpoint-config/{EndpointConfigName}"
ENDPOINT = SAGEMAKER + "endpoint/{EndpointName}"


def _new_package(asked: Asked) -> Iterable[str]:
    """The ARNs of a new model package: its own name, or its group with any version number."""
    base = f"arn:aws:sagemaker:{asked.region}:{asked.account}"
    group = asked.value("ModelPackageGroupName")
    if group is None:
        return [f"{base}:model-package/{asked.value('ModelPackageName')}"]
    group = group.rpartition("/")[2]
    return [f"{base}:model-package-group/{group}", f"{base}:model-package/{group}/*"]


def _listed_packages(asked: Asked) -> Iterable[str]:
    group = (asked.value("ModelPackageGroupName") or "*").rpartition("/")[2]
    return [f"arn:aws:sagemaker:{asked.region}:{asked.account}:model-package/{group}/*"]


def _job(prefix: str) -> dict[str, str]:
    """The condition keys of a training job.

    Args:
        prefix: The path of its parameters: empty, or ``TrainingJobDefinition.`` in a tuning job's request.
    """
    return {
        "sagemaker:instancetypes": f"{{{prefix}ResourceConfig.InstanceType}}",
        "sagemaker:networkisolation": f"{{{prefix}EnableNetworkIsolation}}",
        "sagemaker:outputkmskey": f"{{{prefix}OutputDataConfig.KmsKeyId}}",
        "sagemaker:volumekmskey": f"{{{prefix}ResourceConfig.VolumeKmsKeyId}}",
        "sagemaker:vpcsecuritygroupids": f"{{{prefix}VpcConfig.SecurityGroupIds}}",
        "sagemaker:vpcsubnets": f"{{{prefix}VpcConfig.Subnets}}",
    }


def _tagging(*templates: str) -> Need:
    """The need of AddTags, which a Create action has if its request sets tags."""
    return Need("sagemaker:AddTags", templates, when="Tags")


def volume_key(asked: Asked) -> Iterable[str]:
    """The ARN of the KMS key of an endpoint configuration. Empty if the configuration has no KmsKeyId.

    The caller of CreateEndpoint and UpdateEndpoint needs kms:CreateGrant on it (SageMaker Developer Guide, "SageMaker
    AI API permissions": only if the configuration has a KmsKeyId).
    """
    configurations = sagemaker_backends[asked.account][asked.region].endpoint_configs
    known = configurations.get(asked.value("EndpointConfigName") or "")
    called = getattr(known, "kms_key_id", None)
    return [arn_of(called, asked.account, asked.region) or called] if called else []


def _grant(asked: Asked) -> Given:
    return {
        "kms:calleraccount": (asked.account,),
        "kms:grantisforawsresource": ("true",),
        "kms:viaservice": (f"sagemaker.{asked.region}.amazonaws.com",),
        **{name: values for key in volume_key(asked) for name, values in tags(key).items()},
    }


LETS_GRANT = Need("kms:CreateGrant", (volume_key,), _grant, tagged=False)

SAGEMAKER_TABLE: Table = {
    "CreateTrainingJob": (
        Need("sagemaker:CreateTrainingJob", (JOB,), _job("")),
        _tagging(JOB),
        passing("RoleArn", "sagemaker.amazonaws.com"),
    ),
    **on(JOB, "sagemaker", "DescribeTrainingJob", "StopTrainingJob"),
    "CreateHyperParameterTuningJob": (
        Need("sagemaker:CreateHyperParameterTuningJob", (TUNING,), _job("TrainingJobDefinition.")),
        _tagging(TUNING),
        passing("TrainingJobDefinition.RoleArn", "sagemaker.amazonaws.com"),
    ),
    **on(
        TUNING,
        "sagemaker",
        "DescribeHyperParameterTuningJob",
        "ListTrainingJobsForHyperParameterTuningJob",
        "StopHyperParameterTuningJob",
    ),
    "CreateTransformJob": (
        Need(
            "sagemaker:CreateTransformJob",
            (TRANSFORM,),
            {
                "sagemaker:instancetypes": "{TransformResources.InstanceType}",
                "sagemaker:outputkmskey": "{TransformOutput.KmsKeyId}",
                "sagemaker:volumekmskey": "{TransformResources.VolumeKmsKeyId}",
            },
        ),
        _tagging(TRANSFORM),
    ),
    **on(TRANSFORM, "sagemaker", "DescribeTransformJob", "StopTransformJob"),
    "CreateModelPackage": (
        Need(
            "sagemaker:CreateModelPackage", (_new_package,), {"sagemaker:modelapprovalstatus": "{ModelApprovalStatus}"}
        ),
        Need("sagemaker:AddTags", (_new_package,), when="Tags"),
    ),
    "UpdateModelPackage": (
        Need(
            "sagemaker:UpdateModelPackage",
            (SAGEMAKER + "model-package/{ModelPackageArn}",),
            {"sagemaker:modelapprovalstatus": "{ModelApprovalStatus}"},
        ),
    ),
    **on(SAGEMAKER + "model-package/{ModelPackageName}", "sagemaker", "DeleteModelPackage", "DescribeModelPackage"),
    **on(_listed_packages, "sagemaker", "ListModelPackages"),
    "CreateModelPackageGroup": (Need("sagemaker:CreateModelPackageGroup", (GROUP,)), _tagging(GROUP)),
    **on(GROUP, "sagemaker", "DeleteModelPackageGroup", "DescribeModelPackageGroup", "GetModelPackageGroupPolicy"),
    "CreateModel": (
        Need(
            "sagemaker:CreateModel",
            (MODEL,),
            {
                "sagemaker:networkisolation": "{EnableNetworkIsolation}",
                "sagemaker:vpcsecuritygroupids": "{VpcConfig.SecurityGroupIds}",
                "sagemaker:vpcsubnets": "{VpcConfig.Subnets}",
            },
        ),
        _tagging(MODEL),
        passing("ExecutionRoleArn", "sagemaker.amazonaws.com"),
    ),
    **on(MODEL, "sagemaker", "DeleteModel", "DescribeModel"),
    "CreateEndpointConfig": (
        Need(
            "sagemaker:CreateEndpointConfig",
            (CONFIGURATION,),
            {
                "sagemaker:instancetypes": "{ProductionVariants.InstanceType}",
                "sagemaker:volumekmskey": "{KmsKeyId}",
            },
        ),
        _tagging(CONFIGURATION),
        passing("ExecutionRoleArn", "sagemaker.amazonaws.com"),
    ),
    **on(CONFIGURATION, "sagemaker", "DeleteEndpointConfig", "DescribeEndpointConfig"),
    "CreateEndpoint": (
        Need("sagemaker:CreateEndpoint", (ENDPOINT, CONFIGURATION)),
        _tagging(ENDPOINT),
        LETS_GRANT,
    ),
    "UpdateEndpoint": (Need("sagemaker:UpdateEndpoint", (ENDPOINT, CONFIGURATION)), LETS_GRANT),
    **on(ENDPOINT, "sagemaker", "DeleteEndpoint", "DescribeEndpoint", "UpdateEndpointWeightsAndCapacities"),
    **on("{ResourceArn}", "sagemaker", "AddTags", "DeleteTags", "ListTags"),
    **on(
        "*",
        "sagemaker",
        "ListEndpointConfigs",
        "ListEndpoints",
        "ListHyperParameterTuningJobs",
        "ListModelPackageGroups",
        "ListModels",
        "ListTrainingJobs",
        "ListTransformJobs",
        "Search",
    ),
}

RUNTIME_TABLE: Table = on(ENDPOINT, "sagemaker", "InvokeEndpoint")
METRICS_TABLE: Table = {
    "BatchPutMetrics": (Need("sagemaker:BatchPutMetrics", (SAGEMAKER + "training-job/{TrialComponentName}",)),)
}

TABLES: Mapping[str, Table] = {
    "sagemaker": SAGEMAKER_TABLE,
    "sagemakerruntime": RUNTIME_TABLE,
    "sagemakermetrics": METRICS_TABLE,
}
