"""The permissions that SageMaker's operations need: training, tuning, transform, registry, models, endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from moto.sagemaker.models import sagemaker_backends

from localcloud import arns
from localcloud.iam.evaluation import Context, Request
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
#: The condition keys of a file system as a channel, by the end of their names.
FILE_SYSTEM = "InputDataConfig.DataSource.FileSystemDataSource"
FILE_SYSTEM_KEYS = {
    "AccessMode": "FileSystemAccessMode",
    "DirectoryPath": "DirectoryPath",
    "Id": "FileSystemId",
    "Type": "FileSystemType",
}


def _new_package(asked: Asked) -> Iterable[str]:
    """The ARNs of a new model package: its own name, or its group with any version number."""
    called = asked.value("ModelPackageGroupName")
    if called is None:
        return [f"arn:aws:sagemaker:{asked.region}:{asked.account}:model-package/{asked.value('ModelPackageName')}"]
    base, group = _group(called, asked)
    return [f"{base}:model-package-group/{group}", f"{base}:model-package/{group}/*"]


def _listed_packages(asked: Asked) -> Iterable[str]:
    base, group = _group(asked.value("ModelPackageGroupName") or "*", asked)
    return [f"{base}:model-package/{group}/*"]


def _group(called: str, asked: Asked) -> tuple[str, str]:
    """The begin of the ARNs of a group and its packages, and the group's name. It is called by its name or ARN."""
    found = arns.read(called)
    if found:
        return f"arn:{found.partition}:{found.service}:{found.region}:{found.account}", found.name
    return f"arn:aws:sagemaker:{asked.region}:{asked.account}", called


def _job(prefix: str) -> dict[str, str]:
    """The condition keys of a training job.

    Args:
        prefix: The path of its parameters: empty, or ``TrainingJobDefinition.`` in a tuning job's request.
    """
    return {
        **{
            f"sagemaker:filesystem{name}".lower(): f"{{{prefix}{FILE_SYSTEM}.{member}}}"
            for name, member in FILE_SYSTEM_KEYS.items()
        },
        "sagemaker:instancetypes": f"{{{prefix}ResourceConfig.InstanceType}}",
        "sagemaker:intercontainertrafficencryption": f"{{{prefix}EnableInterContainerTrafficEncryption}}",
        "sagemaker:maxruntimeinseconds": f"{{{prefix}StoppingCondition.MaxRuntimeInSeconds}}",
        "sagemaker:networkisolation": f"{{{prefix}EnableNetworkIsolation}}",
        "sagemaker:outputkmskey": f"{{{prefix}OutputDataConfig.KmsKeyId}}",
        "sagemaker:volumekmskey": f"{{{prefix}ResourceConfig.VolumeKmsKeyId}}",
        "sagemaker:vpcsecuritygroupids": f"{{{prefix}VpcConfig.SecurityGroupIds}}",
        "sagemaker:vpcsubnets": f"{{{prefix}VpcConfig.Subnets}}",
    }


def _tagging(*templates: str) -> Need:
    """The need of AddTags, which a Create action has if its request sets tags."""
    return Need("sagemaker:AddTags", templates, _tagging_action, when="Tags")


def _tagging_action(asked: Asked) -> Given:
    return {"sagemaker:taggingaction": (asked.operation,)}


def _package(asked: Asked) -> Given:
    """The condition keys of what a request says about a model package."""
    given = asked.parameters.get("CustomerMetadataProperties") or {}
    found: Given = {f"sagemaker:customermetadataproperties/{key}".lower(): (str(one),) for key, one in given.items()}
    paths = {
        "sagemaker:customermetadatapropertiestoremove": "CustomerMetadataPropertiesToRemove",
        "sagemaker:modelapprovalstatus": "ModelApprovalStatus",
        "sagemaker:modellifecycle:stage": "ModelLifeCycle.Stage",
        "sagemaker:modellifecycle:stagestatus": "ModelLifeCycle.StageStatus",
    }
    return found | {key: tuple(values) for key, path in paths.items() if (values := asked.values(path))}


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


def _visible(asked: Asked) -> Given:
    conditions = asked.parameters.get("VisibilityConditions") or []
    return {f"sagemaker:searchvisibilitycondition/{one['Key']}".lower(): (str(one["Value"]),) for one in conditions}


LETS_GRANT = Need("kms:CreateGrant", (volume_key,), _grant, tagged=False)

SAGEMAKER_TABLE: Table = {
    "CreateTrainingJob": (
        Need(
            "sagemaker:CreateTrainingJob",
            (JOB,),
            {
                **_job(""),
                "sagemaker:enableremotedebug": "{RemoteDebugConfig.EnableRemoteDebug}",
                "sagemaker:keepaliveperiod": "{ResourceConfig.KeepAlivePeriodInSeconds}",
            },
        ),
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
                "sagemaker:modelarn": MODEL,
                "sagemaker:outputkmskey": "{TransformOutput.KmsKeyId}",
                "sagemaker:volumekmskey": "{TransformResources.VolumeKmsKeyId}",
            },
        ),
        _tagging(TRANSFORM),
    ),
    **on(TRANSFORM, "sagemaker", "DescribeTransformJob", "StopTransformJob"),
    "CreateModelPackage": (
        Need("sagemaker:CreateModelPackage", (_new_package,), _package),
        Need("sagemaker:AddTags", (_new_package,), _tagging_action, when="Tags"),
    ),
    "UpdateModelPackage": (
        Need(
            "sagemaker:UpdateModelPackage",
            (SAGEMAKER + "model-package/{ModelPackageArn}",),
            _package,
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
                "sagemaker:acceleratortypes": "{ProductionVariants.AcceleratorType}",
                "sagemaker:instancetypes": "{ProductionVariants.InstanceType}",
                "sagemaker:modelarn": SAGEMAKER + "model/{ProductionVariants.ModelName}",
                "sagemaker:networkisolation": "{EnableNetworkIsolation}",
                "sagemaker:serverlessmaxconcurrency": "{ProductionVariants.ServerlessConfig.MaxConcurrency}",
                "sagemaker:serverlessmemorysize": "{ProductionVariants.ServerlessConfig.MemorySizeInMB}",
                "sagemaker:vpcsecuritygroupids": "{VpcConfig.SecurityGroupIds}",
                "sagemaker:vpcsubnets": "{VpcConfig.Subnets}",
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
    ),
    "Search": (Need("sagemaker:Search", context=_visible),),
}

RUNTIME_TABLE: Table = on(ENDPOINT, "sagemaker", "InvokeEndpoint", context={"sagemaker:targetmodel": "{TargetModel}"})
METRICS_TABLE: Table = {
    "BatchPutMetrics": (Need("sagemaker:BatchPutMetrics", (SAGEMAKER + "training-job/{TrialComponentName}",)),)
}

TABLES: Mapping[str, Table] = {
    "sagemaker": SAGEMAKER_TABLE,
    "sagemakerruntime": RUNTIME_TABLE,
    "sagemakermetrics": METRICS_TABLE,
}


def about(request: Request) -> Context:
    """The condition keys of a model package as it is: its metadata and its stage."""
    found_arn = arns.read(request.resources[0])
    if found_arn is None or found_arn.kind != "model-package":
        return {}
    package = sagemaker_backends[found_arn.account][found_arn.region].model_packages.get(request.resources[0])
    if package is None:
        return {}
    prefix = "sagemaker:currentcustomermetadataproperties/"
    metadata = package.customer_metadata_properties or {}
    found = {f"{prefix}{key}".lower(): (str(value),) for key, value in metadata.items()}
    stage = getattr(package, "model_life_cycle", None) or {}
    named = {"stage": stage.get("Stage"), "stagestatus": stage.get("StageStatus")}
    return found | {f"sagemaker:currentmodellifecycle{key}": (value,) for key, value in named.items() if value}
