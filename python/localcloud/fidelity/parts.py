"""Parts of operations: what is refused of an operation that is carried out, and what changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    """A part of an operation that is refused.

    Attributes:
        service: boto3's name.
        operations: Names of operations, with a blank between two.
        path: The member, with dots between the names. ``*`` stands for each item of a list.
        supported: A pattern of the values that are supported; None if the member is not supported at all.
        most: The most items that are supported of a list; None if ``supported`` says what is.
        off: Another member, and a pattern of the values with which it says that nothing is asked for.
    """

    service: str
    operations: str
    path: str
    supported: str | None = None
    most: int | None = None
    off: tuple[str, str] | None = None

    def refused(self, given: Mapping[str, Any]) -> str | None:
        """What of a request is not supported: its member, and the value if another one is supported."""
        name = self.path.replace(".*", "")
        if self.off is not None and re.fullmatch(self.off[1], str(given.get(self.off[0]) or "")):
            return None
        for value in _values(given, self.path.split(".")):
            if value in (None, "", [], {}):
                continue
            if self.most is not None:
                if isinstance(value, list) and len(value) > self.most:
                    return f"{len(value)} {name}"
                continue
            if self.supported is None:
                return name
            if not re.fullmatch(self.supported, str(value)):
                return f"{name} {value!r}"
        return None


@dataclass(frozen=True)
class Idle:
    """A part of an operation that is kept and changes nothing.

    Attributes:
        service: boto3's name.
        operations: Names of operations, with a blank between two.
        path: The member, as in :class:`Part`.
        reason: Why there is nothing that it could change.
    """

    service: str
    operations: str
    path: str
    reason: str


def _values(given: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield given
    elif path[0] == "*":
        for item in given if isinstance(given, list) else ():
            yield from _values(item, path[1:])
    elif isinstance(given, Mapping):
        yield from _values(given.get(path[0]), path[1:])


_WITH_ACL = "CopyObject CreateBucket CreateMultipartUpload PutBucketAcl PutObject PutObjectAcl"
_FUNCTIONS = "CreateFunction UpdateFunctionConfiguration"
#: The attributes of AWS's topics on which nothing acts, each with its values that ask for nothing. They are about the
#: delivery to web servers and phones, its log, and archives. Terraform sets a rate of 0.
OFF_OF_TOPICS: Mapping[str, str | None] = {
    "ArchivePolicy": None,
    "DeliveryPolicy": None,
    "FifoThroughputScope": None,
    **{
        f"{protocol}{one}": value
        for protocol in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
        for one, value in {
            "FailureFeedbackRoleArn": None,
            "SuccessFeedbackRoleArn": None,
            "SuccessFeedbackSampleRate": "0",
        }.items()
    },
}
_OF_SUBSCRIPTIONS = ("DeliveryPolicy", "ReplayPolicy", "SubscriptionRoleArn")
#: What goes with targets that are refused.
_OF_TARGETS = ("AppSync", "Batch", "Ecs", "Http", "Kinesis", "RedshiftData", "RunCommand", "SageMakerPipeline")
_TRAINING, _TUNING, _TRANSFORM = "CreateTrainingJob", "CreateHyperParameterTuningJob", "CreateTransformJob"
_CONFIG, _PACKAGE = "CreateEndpointConfig", "CreateModelPackage"


def _each(service: str, operations: str, before: str, paths: str, supported: str | None = None) -> Iterator[Part]:
    for path in paths.split():
        yield Part(service, operations, before + path, supported)


def _of_containers(before: str) -> Iterator[Part]:
    """What is refused of a model's container."""
    yield Part("sagemaker", "CreateModel", f"{before}ImageConfig.RepositoryAccessMode", "Platform")
    yield Part("sagemaker", "CreateModel", f"{before}Mode", "SingleModel")
    refused = """
        AdditionalModelDataSources ContainerMetricsConfig ImageConfig.RepositoryAuthConfig InferenceSpecificationName
        ModelDataSource MultiModelConfig
    """
    yield from _each("sagemaker", "CreateModel", before, refused)


def _of_variants(before: str) -> Iterator[Part]:
    """What is refused of an endpoint's variants."""
    refused = """
        InstancePools VariantInstanceProvisionTimeoutInSeconds AcceleratorType CoreDumpConfig InferenceAmiVersion
        CapacityReservationConfig AcceleratorPartitionLayouts ServerlessConfig.ProvisionedConcurrency
        ManagedInstanceScaling RoutingConfig.PrefixAwareRoutingConfig
    """
    yield from _each("sagemaker", _CONFIG, before, refused)
    yield Part("sagemaker", _CONFIG, f"{before}EnableSSMAccess", "False")
    strategies = "LEAST_OUTSTANDING_REQUESTS|RANDOM"  # a variant is one process, so both choose the same
    yield Part("sagemaker", _CONFIG, f"{before}RoutingConfig.RoutingStrategy", strategies)


def _of_training(operation: str, before: str) -> Iterator[Part]:
    """What is refused of a training job, and of the definition of a tuning job's training jobs."""
    refused = """
        AlgorithmSpecification.AlgorithmName InputDataConfig.*.DataSource.FileSystemDataSource
        InputDataConfig.*.DataSource.DatasetSource InputDataConfig.*.DataSource.S3DataSource.InstanceGroupNames
        InputDataConfig.*.DataSource.S3DataSource.ModelAccessConfig
        InputDataConfig.*.DataSource.S3DataSource.HubAccessConfig ResourceConfig.InstanceGroups
        ResourceConfig.TrainingPlanArn ResourceConfig.InstancePlacementConfig ResourceConfig.InstancePreferences
        ResourceConfig.SelectedInstanceType ResourceConfig.SelectedInstanceCount
        StoppingCondition.MaxPendingTimeInSeconds
    """
    yield from _each("sagemaker", operation, before, refused)
    yield Part("sagemaker", operation, f"{before}ResourceConfig.KeepAlivePeriodInSeconds", "0")
    yield Part("sagemaker", operation, f"{before}OutputDataConfig.CompressionType", "GZIP")


#: What is refused of an operation that is not refused as a whole.
PARTS: tuple[Part, ...] = (
    Part("s3", _WITH_ACL, "ACL", "private|bucket-owner-full-control"),
    *(Part("s3", _WITH_ACL, f"Grant{one}") for one in ("FullControl", "Read", "ReadACP", "Write", "WriteACP")),
    Part("s3", "PutBucketAcl PutObjectAcl", "AccessControlPolicy"),
    Part("s3", "CopyObject CreateMultipartUpload PutObject", "WebsiteRedirectLocation"),
    Part("s3", "PutBucketVersioning", "VersioningConfiguration.MFADelete", "Disabled"),
    # Lambda itself refuses python2.7 to python3.7.
    Part("lambda", _FUNCTIONS, "Runtime", r"python[23]\.\d+"),
    Part("lambda", "CreateFunction", "PackageType", "Zip"),
    Part("lambda", "CreateFunction UpdateFunctionCode", "Code.ImageUri"),
    Part("lambda", "UpdateFunctionCode", "ImageUri"),
    *_each(
        "lambda",
        _FUNCTIONS,
        "",
        """
        AcceleratorConfig CapacityProviderConfig CodeSigningConfigArn DurableConfig FileSystemConfigs ImageConfig
        RuntimeConfig TenancyConfig
        """,
    ),
    Part("lambda", _FUNCTIONS, "VpcConfig.Ipv6AllowedForDualStack", "False"),
    Part("lambda", _FUNCTIONS, "LoggingConfig.SystemLogLevel", "INFO|WARN"),
    Part("lambda", _FUNCTIONS, "SnapStart.ApplyOn", "None"),
    Part("lambda", "CreateFunction PublishVersion UpdateFunctionCode", "PublishTo"),
    Part("lambda", "CreateFunction", "Code.S3ObjectStorageMode", "COPY"),
    Part("lambda", "UpdateFunctionCode", "S3ObjectStorageMode", "COPY"),
    Part("lambda", "PublishLayerVersion", "Content.S3ObjectStorageMode", "COPY"),
    Part("lambda", "CreateFunction", "Code.SourceKMSKeyArn"),
    Part("lambda", "UpdateFunctionCode", "SourceKMSKeyArn"),
    *_each("lambda", "AddPermission", "", "EventSourceToken FunctionUrlAuthType"),
    Part("lambda", "AddPermission", "InvokedViaFunctionUrl", "False"),
    *_each("lambda", "Invoke", "", "DurableExecutionName TenantId"),
    Part("sagemaker", "CreateModel", "Containers", most=1),
    Part("sagemaker", "CreateModel", "InferenceExecutionConfig.Mode", "Serial"),
    *_of_containers("PrimaryContainer."),
    *_of_containers("Containers.*."),
    *_of_variants("ProductionVariants.*."),
    *_of_variants("ShadowProductionVariants.*."),
    *_each(
        "sagemaker",
        _CONFIG,
        "",
        "AsyncInferenceConfig ExplainerConfig ExecutionRoleArn VpcConfig MetricsConfig CrossRegionTrafficConfig",
    ),
    Part("sagemaker", "CreateEndpoint UpdateEndpoint", "DeploymentConfig.RollingUpdatePolicy"),
    Part("sagemaker", "UpdateEndpointWeightsAndCapacities", "DesiredWeightsAndCapacities.*.ServerlessUpdateConfig"),
    *_of_training(_TRAINING, ""),
    *_each(
        "sagemaker",
        _TRAINING,
        "",
        """
        AlgorithmSpecification.ContainerEntrypoint AlgorithmSpecification.ContainerArguments
        DebugRuleConfigurations TensorBoardOutputConfig ExperimentConfig
        ProfilerConfig.ProfilingParameters ProfilerRuleConfigurations
        ServerlessJobConfig MlflowConfig ModelPackageConfig
        AlgorithmSpecification.TrainingImageConfig.TrainingRepositoryAuthConfig
        """,
    ),
    Part(
        "sagemaker",
        _TRAINING,
        "AlgorithmSpecification.TrainingImageConfig.TrainingRepositoryAccessMode",
        "Platform",
    ),
    Part("sagemaker", _TRAINING, "RemoteDebugConfig.EnableRemoteDebug", "False"),
    Part("sagemaker", _TRAINING, "InfraCheckConfig.EnableInfraCheck", "False"),
    Part("sagemaker", _TRAINING, "SessionChainingConfig.EnableSessionTagChaining", "False"),
    *_of_training(_TUNING, "TrainingJobDefinition."),
    *_each(
        "sagemaker",
        _TUNING,
        "",
        """
        Autotune TrainingJobDefinitions WarmStartConfig HyperParameterTuningJobConfig.StrategyConfig
        HyperParameterTuningJobConfig.ParameterRanges.AutoParameters TrainingJobDefinition.CheckpointConfig
        TrainingJobDefinition.HyperParameterRanges TrainingJobDefinition.TuningObjective
        """,
    ),
    Part(
        "sagemaker",
        _TUNING,
        "HyperParameterTuningJobConfig.TuningJobCompletionCriteria.ConvergenceDetected.CompleteOnConvergence",
        "Disabled",
    ),
    Part("sagemaker", _TUNING, "HyperParameterTuningJobConfig.Strategy", "Bayesian|Grid|Random"),
    *_each("sagemaker", _TRANSFORM, "", "DataCaptureConfig ExperimentConfig TransformResources.TransformAmiVersion"),
    *_each(
        "sagemaker",
        _PACKAGE,
        "",
        "ManagedStorageType SecurityConfig SourceAlgorithmSpecification ValidationSpecification",
    ),
    Part("sagemaker", _PACKAGE, "CertifyForMarketplace", "False"),
    Part("sagemaker", "CreateModelPackageGroup", "ManagedConfiguration"),
    *(
        Part("cloudwatch", "PutMetricAlarm", f"{one}.*", "arn:[^:]*:sns:.*")
        for one in ("AlarmActions", "InsufficientDataActions", "OKActions")
    ),
    Part("logs", "PutSubscriptionFilter", "destinationArn", "arn:[^:]*:lambda:.*"),
    *_each("logs", "PutResourcePolicy", "", "expectedRevisionId resourceArn"),
    Part("sns", "Publish", "PhoneNumber"),
    Part("sns", "Subscribe", "Protocol", "email|email-json|lambda|sqs"),
    *(Part("sns", "CreateTopic", f"Attributes.{one}", value) for one, value in OFF_OF_TOPICS.items()),
    Part("sns", "CreateTopic", "Attributes.SignatureVersion", "2"),
    Part("sns", "CreateTopic", "Attributes.TracingConfig", "PassThrough"),
    Part("sns", "CreateTopic", "DataProtectionPolicy"),
    Part(
        "sns",
        "SetTopicAttributes",
        "AttributeName",
        "ContentBasedDeduplication|DisplayName|KmsMasterKeyId|Policy",
        off=("AttributeValue", "0|"),
    ),
    *(Part("sns", "Subscribe", f"Attributes.{one}") for one in _OF_SUBSCRIPTIONS),
    Part(
        "sns",
        "SetSubscriptionAttributes",
        "AttributeName",
        "FilterPolicy|FilterPolicyScope|RawMessageDelivery|RedrivePolicy",
    ),
    *(
        Part("events", "CreateEventBus", one)
        for one in ("DeadLetterConfig", "EventSourceName", "KmsKeyIdentifier", "LogConfig")
    ),
    Part("events", "PutEvents", "EndpointId"),
    Part("events", "PutRule", "State", "ENABLED|DISABLED"),
    *(Part("events", "PutTargets", f"Targets.*.{one}Parameters") for one in _OF_TARGETS),
    Part("sqs", "ReceiveMessage", "ReceiveRequestAttemptId"),
    Part("kms", "CreateKey", "Origin", "AWS_KMS"),
    Part("kms", "CreateKey", "CustomKeyStoreId"),
    Part("kms", "CreateKey", "XksKeyId"),
    Part(
        "kms",
        "CreateGrant Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateMac ReEncrypt RetireGrant "
        "RevokeGrant Sign Verify VerifyMac",
        "DryRun",
        "False",
    ),
    Part("kms", "Decrypt GenerateDataKey GenerateRandom", "Recipient"),
    Part(
        "application-autoscaling",
        "PutScalingPolicy PutScheduledAction RegisterScalableTarget",
        "ServiceNamespace",
        "sagemaker",
    ),
    Part("application-autoscaling", "PutScalingPolicy", "PolicyType", "TargetTrackingScaling"),
    Part(
        "application-autoscaling",
        "PutScalingPolicy",
        "TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification",
    ),
)

_ISOLATED = "EnableNetworkIsolation"
#: What is kept of an operation that is carried out, and changes nothing.
IDLE: tuple[Idle, ...] = (
    Idle("lambda", "CreateFunction UpdateFunctionCode", "Architectures", "functions run on this machine's processor"),
    Idle("sagemaker", f"CreateModel {_CONFIG} {_TRAINING}", _ISOLATED, "the algorithm opens no connection"),
    Idle("sagemaker", _TUNING, f"TrainingJobDefinition.{_ISOLATED}", "the algorithm opens no connection"),
    *(
        Idle("sagemaker", _TUNING, f"TrainingJobDefinition.HyperParameterTuningResourceConfig.{path}", reason)
        for path, reason in (
            ("AllocationStrategy", "the first of the InstanceConfigs always has instances"),
            ("VolumeSizeInGB", "the disk is this machine's"),
            ("InstanceConfigs.*.VolumeSizeInGB", "the disk is this machine's"),
        )
    ),
    Idle(
        "sagemaker",
        _TRAINING,
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries",
        "a built-in algorithm always reports its metrics",
    ),
    # SageMaker's SDK v2 sends these two with every job.
    Idle("sagemaker", _TRAINING, "DebugHookConfig", "the algorithm saves no tensors"),
    *(
        Idle("sagemaker", _TRAINING, f"ProfilerConfig.{one}", "there is no instance whose use could be measured")
        for one in ("DisableProfiler", "ProfilingIntervalInMilliseconds", "S3OutputPath")
    ),
    *(
        Idle("sagemaker", operation, f"{before}{path}", reason)
        for operation, before in ((_TRAINING, ""), (_TUNING, "TrainingJobDefinition."))
        for path, reason in (
            ("EnableInterContainerTrafficEncryption", "a job has one container"),
            ("EnableManagedSpotTraining", "no instance is taken away"),
            ("InputDataConfig.*.DataSource.S3DataSource.S3DataDistributionType", "one instance gets every object"),
            ("ResourceConfig.VolumeSizeInGB", "the disk is this machine's"),
            ("RetryStrategy", "no job fails for a reason of SageMaker's own"),
        )
    ),
    *(
        Idle("sagemaker", _CONFIG, f"{variants}.*.{path}", reason)
        for variants in ("ProductionVariants", "ShadowProductionVariants")
        for path, reason in (
            ("ModelDataDownloadTimeoutInSeconds", "an artifact is on this machine"),
            ("RoutingConfig", "a variant is one process"),
            ("ServerlessConfig.MemorySizeInMB", "the memory is this machine's"),
            ("VolumeSizeInGB", "the disk is this machine's"),
        )
    ),
)
