"""Every member of the requests that make functions, jobs, models and endpoints acts, is idle by name, or is refused.

A member that a new version of AWS's models brings fails here, until somebody says which of the three it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import Shape
from moto.core.utils import get_service_model

from localcloud import fidelity
from scones.delivery.checks.calls import good

S3_SOURCE = "InputDataConfig.*.DataSource.S3DataSource"
OF_A_TRAINING_JOB = f"""
    AlgorithmSpecification.TrainingImage AlgorithmSpecification.TrainingInputMode
    AlgorithmSpecification.MetricDefinitions RoleArn InputDataConfig.*.ChannelName {S3_SOURCE}.S3DataType
    {S3_SOURCE}.S3Uri {S3_SOURCE}.AttributeNames InputDataConfig.*.ContentType InputDataConfig.*.CompressionType
    InputDataConfig.*.RecordWrapperType InputDataConfig.*.InputMode InputDataConfig.*.ShuffleConfig
    OutputDataConfig.KmsKeyId OutputDataConfig.S3OutputPath ResourceConfig.InstanceType ResourceConfig.InstanceCount
    ResourceConfig.VolumeKmsKeyId VpcConfig StoppingCondition.MaxRuntimeInSeconds
    StoppingCondition.MaxWaitTimeInSeconds Environment
"""
OF_A_TUNING_JOB = """
    HyperParameterTuningJobObjective ResourceLimits ParameterRanges.IntegerParameterRanges
    ParameterRanges.ContinuousParameterRanges ParameterRanges.CategoricalParameterRanges
    TrainingJobEarlyStoppingType RandomSeed TuningJobCompletionCriteria.TargetObjectiveMetricValue
    TuningJobCompletionCriteria.BestObjectiveNotImproving
"""
OF_A_VARIANT = """
    VariantName ModelName InitialInstanceCount InstanceType InitialVariantWeight ServerlessConfig.MaxConcurrency
    ContainerStartupHealthCheckTimeoutInSeconds
"""
#: What is carried out, and what is only a description on AWS too.
ACTS = {
    ("lambda", "CreateFunction"): """
        FunctionName Role Handler Code.ZipFile Code.S3Bucket Code.S3Key Code.S3ObjectVersion Description Timeout
        MemorySize Publish VpcConfig.SubnetIds VpcConfig.SecurityGroupIds DeadLetterConfig Environment KMSKeyArn
        TracingConfig Tags Layers EphemeralStorage LoggingConfig.LogFormat LoggingConfig.ApplicationLogLevel
        LoggingConfig.LogGroup
    """,
    ("lambda", "UpdateFunctionConfiguration"): """
        FunctionName Role Handler Description Timeout MemorySize VpcConfig.SubnetIds VpcConfig.SecurityGroupIds
        Environment DeadLetterConfig KMSKeyArn TracingConfig RevisionId Layers EphemeralStorage LoggingConfig.LogFormat
        LoggingConfig.ApplicationLogLevel LoggingConfig.LogGroup
    """,
    ("lambda", "UpdateFunctionCode"): """
        FunctionName ZipFile S3Bucket S3Key S3ObjectVersion Publish DryRun RevisionId
    """,
    ("lambda", "PublishVersion"): "FunctionName CodeSha256 Description RevisionId",
    ("lambda", "PublishLayerVersion"): """
        LayerName Description Content.ZipFile Content.S3Bucket Content.S3Key Content.S3ObjectVersion
        CompatibleArchitectures CompatibleRuntimes LicenseInfo
    """,
    ("lambda", "AddPermission"): """
        FunctionName StatementId Action Principal SourceArn SourceAccount Qualifier RevisionId PrincipalOrgID
    """,
    ("lambda", "Invoke"): "FunctionName InvocationType LogType ClientContext Payload Qualifier",
    ("sagemaker", "CreateModel"): """
        ModelName ExecutionRoleArn Tags VpcConfig PrimaryContainer.ContainerHostname PrimaryContainer.Image
        PrimaryContainer.ModelDataUrl PrimaryContainer.Environment PrimaryContainer.ModelPackageName
        Containers.*.ContainerHostname Containers.*.Image Containers.*.ModelDataUrl Containers.*.Environment
        Containers.*.ModelPackageName
    """,
    ("sagemaker", "CreateEndpointConfig"): " ".join(
        [
            "EndpointConfigName DataCaptureConfig Tags KmsKeyId",
            *(f"ProductionVariants.*.{one} ShadowProductionVariants.*.{one}" for one in OF_A_VARIANT.split()),
        ]
    ),
    ("sagemaker", "CreateEndpoint"): """
        EndpointName EndpointConfigName Tags DeploymentConfig.BlueGreenUpdatePolicy
        DeploymentConfig.AutoRollbackConfiguration
    """,
    ("sagemaker", "UpdateEndpoint"): """
        EndpointName EndpointConfigName RetainAllVariantProperties ExcludeRetainedVariantProperties
        RetainDeploymentConfig DeploymentConfig.BlueGreenUpdatePolicy DeploymentConfig.AutoRollbackConfiguration
    """,
    ("sagemaker", "UpdateEndpointWeightsAndCapacities"): """
        EndpointName DesiredWeightsAndCapacities.*.VariantName DesiredWeightsAndCapacities.*.DesiredWeight
        DesiredWeightsAndCapacities.*.DesiredInstanceCount
    """,
    ("sagemaker", "CreateTrainingJob"): f"""
        TrainingJobName HyperParameters Tags CheckpointConfig {OF_A_TRAINING_JOB}
    """,
    ("sagemaker", "CreateHyperParameterTuningJob"): " ".join(
        [
            "HyperParameterTuningJobName Tags",
            *(f"HyperParameterTuningJobConfig.{one}" for one in OF_A_TUNING_JOB.split()),
            *(
                f"TrainingJobDefinition.{one}"
                for one in f"DefinitionName StaticHyperParameters {OF_A_TRAINING_JOB}".split()
            ),
            *(
                f"TrainingJobDefinition.HyperParameterTuningResourceConfig.{one}"
                for one in [
                    "InstanceType",
                    "InstanceCount",
                    "VolumeKmsKeyId",
                    "InstanceConfigs.*.InstanceType",
                    "InstanceConfigs.*.InstanceCount",
                ]
            ),
        ]
    ),
    ("sagemaker", "CreateTransformJob"): """
        TransformJobName ModelName MaxConcurrentTransforms ModelClientConfig MaxPayloadInMB BatchStrategy Environment
        TransformInput TransformOutput TransformResources.InstanceType TransformResources.InstanceCount
        TransformResources.VolumeKmsKeyId DataProcessing Tags
    """,
    # A model package is a document, and CreateModel reads its container.
    ("sagemaker", "CreateModelPackage"): """
        ModelPackageName ModelPackageGroupName ModelPackageDescription ModelPackageRegistrationType
        InferenceSpecification Tags ModelApprovalStatus MetadataProperties ModelMetrics ClientToken Domain Task
        SamplePayloadUrl CustomerMetadataProperties DriftCheckBaselines AdditionalInferenceSpecifications
        SkipModelValidation SourceUri ModelCard ModelLifeCycle
    """,
    ("sagemaker", "CreateModelPackageGroup"): "ModelPackageGroupName ModelPackageGroupDescription Tags",
}


def members(shape: Shape, known: set[str], path: str = "") -> Iterator[str]:
    """The smallest members of a request that nothing is known of."""
    if path and path in known:
        return
    if shape.type_name == "structure" and shape.members:
        for name, member in shape.members.items():
            yield from members(member, known, f"{path}.{name}".lstrip("."))
    elif shape.type_name == "list" and shape.member.type_name == "structure":
        yield from members(shape.member, known, f"{path}.*")
    else:
        yield path


def paths(listed: Any, service: str, operation: str) -> set[str]:
    return {one.path for one in listed if one.service == service and operation in one.operations.split()}


def holding(path: str, value: Any) -> Any:
    """A request whose member has a value.

    Example::

        >>> holding("Containers.*.Mode", "MultiModel")
        {'Containers': [{'Mode': 'MultiModel'}]}
    """
    first, _, rest = path.partition(".")
    inside = holding(rest, value) if rest else value
    return [inside] if first == "*" else {first: inside}


@pytest.mark.parametrize(("service", "operation"), ACTS)
def test_every_member_acts_or_is_idle_or_is_refused(service: str, operation: str) -> None:
    refused, idle = paths(fidelity.PARTS, service, operation), paths(fidelity.IDLE, service, operation)
    acts = set(ACTS[service, operation].split())
    shape = get_service_model(service).operation_model(operation).input_shape
    # What is refused of a list for its length has members of its own.
    whole = {one.path for one in fidelity.PARTS if one.most is None} & refused
    assert list(members(shape, acts | idle | whole)) == []
    assert not acts & idle, "said twice"
    assert not acts & whole, "said twice"


def value_at(shape: Shape, path: str) -> Any:
    """A good value of a member, of which AWS's models have one."""
    name, found = path.rpartition(".")[2], shape
    for one in path.split("."):
        found = found.member if one == "*" else found.members[one]
    if found.type_name == "structure" and not good.value(found):  # it has no member that is required
        first = next(iter(found.members))
        return {first: good.value(found.members[first], first)}
    return good.value(found, name)


WHOLE = [
    one for one in fidelity.PARTS if one.service in ("lambda", "sagemaker") and not one.supported and one.most is None
]


@pytest.mark.parametrize(
    "part",
    WHOLE,
    ids=lambda part: f"{part.operations.partition(' ')[0]}-{part.path}",
)
def test_a_member_that_is_not_supported_is_refused_by_its_name(part: fidelity.Part) -> None:
    for operation in part.operations.split():
        shape = get_service_model(part.service).operation_model(operation).input_shape
        if part.path.partition(".")[0] not in shape.members:
            continue
        said = fidelity.refusal(part.service, operation, holding(part.path, value_at(shape, part.path)))
        name = part.path.replace(".*", "")
        assert said == f"the local cloud does not support {part.service}:{operation} with {name}"
        assert fidelity.refusal(part.service, operation, holding(part.path, None)) is None


@pytest.mark.parametrize(
    ("operation", "path", "refused", "taken"),
    [
        ("CreateModel", "PrimaryContainer.Mode", "MultiModel", "SingleModel"),
        ("CreateModel", "Containers.*.Mode", "MultiModel", "SingleModel"),
        ("CreateModel", "PrimaryContainer.ImageConfig.RepositoryAccessMode", "Vpc", "Platform"),
        ("CreateModel", "InferenceExecutionConfig.Mode", "Direct", "Serial"),
        ("CreateEndpointConfig", "ProductionVariants.*.EnableSSMAccess", True, False),
        ("CreateEndpointConfig", "ProductionVariants.*.RoutingConfig.RoutingStrategy", "KV_AWARE", "RANDOM"),
        ("CreateTrainingJob", "ResourceConfig.KeepAlivePeriodInSeconds", 60, 0),
        ("CreateTrainingJob", "OutputDataConfig.CompressionType", "NONE", "GZIP"),
        ("CreateTrainingJob", "RemoteDebugConfig.EnableRemoteDebug", True, False),
        ("CreateTrainingJob", "InfraCheckConfig.EnableInfraCheck", True, False),
        ("CreateTrainingJob", "SessionChainingConfig.EnableSessionTagChaining", True, False),
        ("CreateHyperParameterTuningJob", "HyperParameterTuningJobConfig.Strategy", "Hyperband", "Grid"),
        (
            "CreateHyperParameterTuningJob",
            "TrainingJobDefinition.ResourceConfig.KeepAlivePeriodInSeconds",
            60,
            0,
        ),
        ("CreateModelPackage", "CertifyForMarketplace", True, False),
    ],
)
def test_a_value_that_is_not_supported_is_refused_by_its_name(
    operation: str, path: str, refused: Any, taken: Any
) -> None:
    said = fidelity.refusal("sagemaker", operation, holding(path, refused))
    name = path.replace(".*", "")
    assert said == f"the local cloud does not support sagemaker:{operation} with {name} {refused!r}"
    assert fidelity.refusal("sagemaker", operation, holding(path, taken)) is None


def test_a_list_of_too_many_is_refused_by_its_length() -> None:
    one = {"Image": "image-classification:1"}
    said = fidelity.refusal("sagemaker", "CreateModel", {"ModelName": "m", "Containers": [one, one]})
    assert said == "the local cloud does not support sagemaker:CreateModel with 2 Containers"
    assert fidelity.refusal("sagemaker", "CreateModel", {"ModelName": "m", "Containers": [one]}) is None


def test_what_is_idle_is_a_member_and_has_a_reason() -> None:
    for one in fidelity.IDLE:
        for operation in one.operations.split():
            shape = get_service_model(one.service).operation_model(operation).input_shape
            assert value_at(shape, one.path) is not None
            assert fidelity.refusal(one.service, operation, holding(one.path, value_at(shape, one.path))) is None
