"""What the local cloud really does, operation by operation. What is not in this table is refused by name.

An operation of AWS is one of these:

- *executed*: it does what it does on AWS, or it answers from what there is;
- *configuration*: it is kept, and something acts on it, or it is only a description on AWS too;
- *stored*: it is kept and answered, but nothing acts on it. The reason stands beside it;
- *refused*: everything else that AWS has. It changes nothing, and the error names it.

A part of an operation can be refused too: :data:`PARTS`.

Example::

    >>> kind_of("sagemaker", "CreateTrainingJob"), kind_of("sagemaker", "CreateProcessingJob")
    ('executed', 'refused')
    >>> kind_of("dynamodb", "ListTables")
    'refused'
    >>> refusal("sagemaker", "CreateProcessingJob", {})
    'the local cloud does not support sagemaker:CreateProcessingJob'
    >>> refusal("sns", "Publish", {"PhoneNumber": "+15550100", "Message": "hello"})
    'the local cloud does not support sns:Publish with PhoneNumber'
    >>> refusal("sns", "Subscribe", {"Protocol": "sms"})
    "the local cloud does not support sns:Subscribe with Protocol 'sms'"

A service that is not in the table is refused as a whole, also where moto would simulate it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from moto.core.utils import get_service_model

Kind = Literal["executed", "configuration", "stored", "refused"]
#: What moto has added to AWS's models. S3's forms and the questions of web pages are refused too.
NOT_IN_MODELS = frozenset({"BucketCORSPreflightCheck", "ObjectCORSPreflightCheck", "PostObject"})
KINDS: tuple[Kind, ...] = ("executed", "configuration", "stored", "refused")


@dataclass(frozen=True)
class Fidelity:
    """What the local cloud does of one service.

    Attributes:
        executed: Names of operations.
        configuration: Names of operations, each group with what acts on it.
        stored: Names of operations, each group with the reason.
    """

    executed: str
    configuration: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[str, str] = field(default_factory=dict)

    def kinds(self) -> dict[str, Kind]:
        """The kind of each operation that is not refused."""
        groups: list[tuple[Kind, Mapping[str, str]]] = [
            ("executed", {self.executed: ""}),
            ("configuration", self.configuration),
            ("stored", self.stored),
        ]
        return {name: kind for kind, texts in groups for text in texts for name in text.split()}


TABLE: Mapping[str, Fidelity] = {
    "s3": Fidelity(
        """
        AbortMultipartUpload CompleteMultipartUpload CopyObject CreateBucket CreateMultipartUpload DeleteBucket
        DeleteBucketPolicy DeleteObject DeleteObjects GetBucketLocation GetBucketPolicy GetBucketPolicyStatus GetObject
        GetObjectAttributes HeadBucket HeadObject ListBuckets ListMultipartUploads ListObjectVersions ListObjects
        ListObjectsV2 ListParts PutBucketPolicy PutObject RestoreObject UploadPart UploadPartCopy

        GetBucketNotification GetBucketNotificationConfiguration PutBucketNotification
        PutBucketNotificationConfiguration
        PutBucketVersioning GetBucketVersioning
        PutObjectLockConfiguration GetObjectLockConfiguration PutObjectLegalHold GetObjectLegalHold PutObjectRetention
        GetObjectRetention

        GetBucketAccelerateConfiguration GetBucketAcl GetBucketCors GetBucketReplication GetBucketWebsite GetObjectAcl
        """,
        {
            "DeleteBucketEncryption GetBucketEncryption PutBucketEncryption": "uploads need the permissions on the key",
            "DeleteBucketMetricsConfiguration GetBucketMetricsConfiguration ListBucketMetricsConfigurations "
            "PutBucketMetricsConfiguration": "requests are counted in CloudWatch",
            "DeleteBucketTagging DeleteObjectTagging GetBucketTagging GetObjectTagging PutBucketTagging "
            "PutObjectTagging": "policies' conditions and the Tagging API read the tags",
            "PutBucketAcl PutObjectAcl": "only the ACLs `private` and `bucket-owner-full-control`, which add nothing "
            "for a bucket's owner",
        },
        {
            "DeleteBucketLifecycle GetBucketLifecycle GetBucketLifecycleConfiguration PutBucketLifecycle "
            "PutBucketLifecycleConfiguration": "no object expires or changes its storage class",
            "GetBucketLogging PutBucketLogging": "the target's policy is checked, and no access log is written",
            "DeletePublicAccessBlock GetPublicAccessBlock PutPublicAccessBlock": "a bucket's policy alone decides",
            "DeleteBucketOwnershipControls GetBucketOwnershipControls PutBucketOwnershipControls": "there are no ACLs "
            "that could be switched off",
        },
    ),
    "s3control": Fidelity(
        "ListTagsForResource",
        {"TagResource UntagResource": "policies' conditions and the Tagging API read the tags"},
    ),
    "iam": Fidelity(
        """
        AddUserToGroup AttachGroupPolicy AttachRolePolicy AttachUserPolicy CreateAccessKey CreateGroup
        CreateOpenIDConnectProvider CreatePolicy CreatePolicyVersion CreateRole CreateServiceLinkedRole CreateUser
        DeleteAccessKey DeleteGroup DeleteGroupPolicy DeleteOpenIDConnectProvider DeletePolicy DeletePolicyVersion
        DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy DeleteServiceLinkedRole DeleteUser DeleteUserPolicy
        DetachGroupPolicy DetachRolePolicy DetachUserPolicy PutGroupPolicy PutRolePermissionsBoundary PutRolePolicy
        PutUserPolicy RemoveUserFromGroup
        SetDefaultPolicyVersion UpdateAccessKey UpdateAssumeRolePolicy UpdateGroup UpdateUser

        GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountSummary GetGroup GetGroupPolicy
        GetInstanceProfile GetLoginProfile GetOpenIDConnectProvider GetPolicy GetPolicyVersion GetRole GetRolePolicy
        GetContextKeysForCustomPolicy GetContextKeysForPrincipalPolicy SimulateCustomPolicy SimulatePrincipalPolicy
        GetServiceLinkedRoleDeletionStatus GetUser GetUserPolicy ListAccessKeys ListAccountAliases
        ListAttachedGroupPolicies ListAttachedRolePolicies ListAttachedUserPolicies ListEntitiesForPolicy
        ListGroupPolicies ListGroups ListGroupsForUser ListInstanceProfiles ListInstanceProfilesForRole ListMFADevices
        ListOpenIDConnectProviderTags ListOpenIDConnectProviders ListPolicies ListPolicyTags ListPolicyVersions
        ListRolePolicies ListRoleTags ListRoles ListSAMLProviders ListSSHPublicKeys ListServerCertificates
        ListSigningCertificates ListUserPolicies ListUserTags ListUsers ListVirtualMFADevices
        """,
        {
            "TagOpenIDConnectProvider TagPolicy TagRole TagUser UntagOpenIDConnectProvider UntagPolicy UntagRole "
            "UntagUser": "policies' conditions read the tags",
            "UpdateOpenIDConnectProviderThumbprint": "a token's signature is checked with the local cloud's own secret",
            "UpdateRole UpdateRoleDescription": "AssumeRole keeps to the longest duration; the rest is a description",
            "CreateAccountAlias DeleteAccountAlias": "a name for people",
        },
    ),
    "sts": Fidelity("AssumeRole AssumeRoleWithWebIdentity GetAccessKeyInfo GetCallerIdentity"),
    "lambda": Fidelity(
        """
        AddPermission CreateAlias CreateEventSourceMapping CreateFunction DeleteAlias DeleteEventSourceMapping
        DeleteFunction DeleteFunctionConcurrency DeleteFunctionEventInvokeConfig DeleteLayerVersion
        GetAlias GetEventSourceMapping GetFunction GetFunctionCodeSigningConfig GetFunctionConcurrency
        GetFunctionConfiguration GetFunctionEventInvokeConfig GetLayerVersion
        GetPolicy Invoke ListAliases ListEventSourceMappings
        ListFunctionEventInvokeConfigs ListFunctions ListLayerVersions ListLayers ListTags ListVersionsByFunction
        PublishLayerVersion PublishVersion PutFunctionConcurrency PutFunctionEventInvokeConfig RemovePermission
        GetFunctionRecursionConfig PutFunctionRecursionConfig
        UpdateAlias UpdateEventSourceMapping UpdateFunctionCode UpdateFunctionConfiguration
        UpdateFunctionEventInvokeConfig
        """,
        {"TagResource UntagResource": "policies' conditions and the Tagging API read the tags"},
    ),
    "stepfunctions": Fidelity(
        """
        CreateActivity CreateStateMachine CreateStateMachineAlias DeleteActivity DeleteStateMachine
        DeleteStateMachineAlias DeleteStateMachineVersion DescribeActivity DescribeExecution DescribeMapRun
        DescribeStateMachine DescribeStateMachineAlias DescribeStateMachineForExecution GetActivityTask
        GetExecutionHistory ListActivities ListExecutions ListMapRuns ListStateMachineAliases ListStateMachineVersions
        ListStateMachines ListTagsForResource PublishStateMachineVersion RedriveExecution SendTaskFailure
        SendTaskHeartbeat SendTaskSuccess StartExecution StartSyncExecution StopExecution TestState UpdateMapRun
        UpdateStateMachine UpdateStateMachineAlias ValidateStateMachineDefinition
        """,
        {"TagResource UntagResource": "policies' conditions read the tags"},
    ),
    "sagemaker": Fidelity(
        """
        CreateTrainingJob DescribeTrainingJob ListTrainingJobs StopTrainingJob
        CreateHyperParameterTuningJob DeleteHyperParameterTuningJob DescribeHyperParameterTuningJob
        ListHyperParameterTuningJobs ListTrainingJobsForHyperParameterTuningJob StopHyperParameterTuningJob
        CreateTransformJob DescribeTransformJob ListTransformJobs StopTransformJob
        CreateModel DeleteModel DescribeModel ListModels
        CreateEndpointConfig DeleteEndpointConfig DescribeEndpointConfig ListEndpointConfigs
        CreateEndpoint DeleteEndpoint DescribeEndpoint ListEndpoints UpdateEndpoint UpdateEndpointWeightsAndCapacities
        CreateModelPackage DeleteModelPackage DescribeModelPackage ListModelPackages UpdateModelPackage
        CreateModelPackageGroup DeleteModelPackageGroup DescribeModelPackageGroup
        ListModelPackageGroups ListTags Search
        """,
        {
            "AddTags DeleteTags": "policies' conditions and Search read the tags",
            "CreateModelCard DeleteModelCard DescribeModelCard ListModelCardVersions ListModelCards "
            "UpdateModelCard": "documents, as on AWS",
        },
    ),
    "sagemaker-runtime": Fidelity("InvokeEndpoint"),
    "sagemaker-metrics": Fidelity("BatchPutMetrics"),
    "cloudwatch": Fidelity(
        """
        DeleteAlarms DescribeAlarms DescribeAlarmsForMetric DisableAlarmActions EnableAlarmActions
        GetDashboard GetMetricData GetMetricStatistics ListDashboards ListMetrics ListTagsForResource PutMetricAlarm
        PutMetricData SetAlarmState
        """,
        {
            "DeleteDashboards PutDashboard": "a document, as on AWS; the console draws it",
            "TagResource UntagResource": "policies' conditions and the Tagging API read the tags",
        },
    ),
    "logs": Fidelity(
        """
        AssociateKmsKey CreateLogGroup CreateLogStream DeleteLogGroup DeleteLogStream DeleteMetricFilter
        DeleteRetentionPolicy DeleteSubscriptionFilter DescribeLogGroups DescribeLogStreams DescribeMetricFilters
        DescribeQueries DescribeQueryDefinitions DescribeResourcePolicies DescribeSubscriptionFilters DisassociateKmsKey
        FilterLogEvents GetLogEvents GetQueryResults ListTagsForResource ListTagsLogGroup PutLogEvents PutMetricFilter
        PutRetentionPolicy PutSubscriptionFilter StartQuery
        """,
        {
            "DeleteQueryDefinition PutQueryDefinition": "a saved query, as on AWS",
            "DeleteResourcePolicy PutResourcePolicy": "what lets other services write to a log group",
            "TagLogGroup TagResource UntagLogGroup UntagResource": "policies' conditions and the Tagging API read them",
        },
    ),
    "events": Fidelity(
        """
        CreateEventBus DeleteEventBus DeleteRule DescribeEventBus DescribeRule DisableRule EnableRule ListEventBuses
        ListRuleNamesByTarget ListRules ListTagsForResource ListTargetsByRule PutEvents PutRule PutTargets RemoveTargets
        TestEventPattern
        """,
        {
            "PutPermission RemovePermission": "the judge reads the bus's policy",
            "TagResource UntagResource": "policies' conditions and the Tagging API read the tags",
        },
    ),
    "scheduler": Fidelity(
        """
        CreateSchedule CreateScheduleGroup DeleteSchedule DeleteScheduleGroup GetSchedule GetScheduleGroup
        ListScheduleGroups ListSchedules ListTagsForResource UpdateSchedule
        """,
        {"TagResource UntagResource": "policies' conditions read the tags"},
    ),
    "sqs": Fidelity(
        """
        AddPermission CancelMessageMoveTask ChangeMessageVisibility ChangeMessageVisibilityBatch CreateQueue
        DeleteMessage DeleteMessageBatch DeleteQueue GetQueueAttributes GetQueueUrl ListDeadLetterSourceQueues
        ListMessageMoveTasks ListQueueTags ListQueues PurgeQueue ReceiveMessage RemovePermission SendMessage
        SendMessageBatch
        SetQueueAttributes StartMessageMoveTask
        """,
        {"TagQueue UntagQueue": "policies' conditions and the Tagging API read the tags"},
    ),
    "sns": Fidelity(
        """
        AddPermission ConfirmSubscription CreateTopic DeleteTopic GetSubscriptionAttributes GetTopicAttributes
        ListSubscriptions ListSubscriptionsByTopic ListTagsForResource ListTopics Publish PublishBatch RemovePermission
        SetSubscriptionAttributes SetTopicAttributes Unsubscribe
        """,
        {
            "Subscribe": "functions and queues get the messages. A mail address is never asked to confirm, so it gets "
            "none, as on AWS before the confirmation",
            "TagResource UntagResource": "policies' conditions and the Tagging API read the tags",
        },
    ),
    "kms": Fidelity(
        """
        CancelKeyDeletion CreateAlias CreateGrant CreateKey Decrypt DeleteAlias DescribeKey DisableKey EnableKey Encrypt
        GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateMac GenerateRandom GetKeyPolicy GetKeyRotationStatus
        GetPublicKey ListAliases ListGrants ListKeyPolicies ListKeyRotations ListKeys ListResourceTags
        ListRetirableGrants PutKeyPolicy ReEncrypt RetireGrant RevokeGrant ScheduleKeyDeletion Sign UpdateAlias Verify
        VerifyMac
        """,
        {
            "TagResource UntagResource": "policies' conditions and the Tagging API read the tags",
            "UpdateKeyDescription": "a description",
            "DisableKeyRotation EnableKeyRotation": "a rotation a year, which no client of AWS can see in its data",
        },
    ),
    "xray": Fidelity("BatchGetTraces GetTraceSummaries PutTelemetryRecords PutTraceSegments"),
    "ec2": Fidelity(
        """
        DescribeAccountAttributes DescribeAvailabilityZones DescribeDhcpOptions DescribeFlowLogs
        DescribeInternetGateways DescribeManagedPrefixLists DescribeNatGateways DescribeNetworkAcls
        DescribeNetworkInterfaces DescribePrefixLists DescribeRegions DescribeRouteTables DescribeSecurityGroupRules
        DescribeSecurityGroups DescribeSubnets DescribeTags DescribeVpcAttribute DescribeVpcEndpointServices
        DescribeVpcEndpoints DescribeVpcs GetManagedPrefixListEntries
        """,
        {
            "AssociateRouteTable AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateNetworkInterface "
            "CreateRoute CreateRouteTable CreateSecurityGroup CreateSubnet CreateVpc "
            "CreateVpcEndpoint DeleteNetworkInterface DeleteRoute DeleteRouteTable DeleteSecurityGroup DeleteSubnet "
            "DeleteVpc DeleteVpcEndpoints DisassociateRouteTable ModifySecurityGroupRules ModifySubnetAttribute "
            "ModifyVpcAttribute ModifyVpcEndpoint ReplaceRouteTableAssociation RevokeSecurityGroupEgress "
            "RevokeSecurityGroupIngress": "functions, jobs and endpoints need the subnets and the security groups that "
            "they name; nothing is blocked",
            "CreateFlowLogs DeleteFlowLogs": "the target's policy is checked; no packet passes, so there is no record",
            "CreateTags DeleteTags": "policies' conditions read the tags",
        },
    ),
    "budgets": Fidelity(
        """
        DescribeBudget DescribeBudgets DescribeNotificationsForBudget DescribeSubscribersForNotification
        ListTagsForResource
        """,
        {
            "CreateBudget CreateNotification DeleteBudget DeleteNotification UpdateBudget "
            "UpdateNotification": "the local cloud costs nothing, so no budget is passed",
            "TagResource UntagResource": "policies' conditions read the tags",
        },
    ),
    "ce": Fidelity(
        "ListCostAllocationTags",
        {"UpdateCostAllocationTagsStatus": "which tags a bill would have; the local cloud costs nothing"},
    ),
    "application-autoscaling": Fidelity(
        """
        DeleteScalingPolicy DeleteScheduledAction DeregisterScalableTarget DescribeScalableTargets
        DescribeScalingPolicies DescribeScheduledActions ListTagsForResource PutScalingPolicy PutScheduledAction
        RegisterScalableTarget
        """,
        {"TagResource UntagResource": "policies' conditions read the tags"},
    ),
    "service-quotas": Fidelity(
        "GetAWSDefaultServiceQuota GetServiceQuota ListAWSDefaultServiceQuotas ListServiceQuotas "
        "RequestServiceQuotaIncrease"
    ),
    "resourcegroupstaggingapi": Fidelity("GetResources GetTagKeys GetTagValues"),
}


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


@dataclass(frozen=True)
class Otherwise:
    """Something that the local cloud judges or times otherwise than AWS, of operations that it carries out.

    Attributes:
        what: What it is about.
        here: What the local cloud does.
        reason: Why it does not do as AWS does.
        hides: The faults that therefore show only on AWS.
        slow: Whether it is as on AWS with ``SCONES_LOCAL_LATENCY=aws`` (:mod:`localcloud.latency`).
    """

    what: str
    here: str
    reason: str
    hides: str
    slow: bool = False


OTHERWISE: tuple[Otherwise, ...] = (
    Otherwise(
        "when metrics are seen",
        "at once; on AWS one to three minutes later",
        "tests and the demo would wait for minutes",
        "an alarm or a rollback that counts on fresh metrics, a wait that is too short",
        slow=True,
    ),
    Otherwise(
        "when a change of IAM counts",
        "at once; on AWS seconds later, seldom minutes",
        "every apply would take longer",
        "a role that is used right after it was made, a missing retry or dependency",
        slow=True,
    ),
    Otherwise(
        "how many calls there may be",
        "as many as the machine can do; AWS throttles the calls of each operation",
        "tests make more calls a second than people do",
        "too few retries, too many calls at once, a loop that polls too fast",
        slow=True,
    ),
    Otherwise(
        "how long an endpoint is Creating, Updating and Deleting, and a training job Starting",
        "as long as its processes take, often less than a second; minutes on AWS",
        "nothing starts that takes minutes",
        "a state that a client does not expect, a timeout that is too short, a request during an update",
        slow=True,
    ),
    Otherwise(
        "when a role can be named in the policy of a bucket, a key, a queue or a topic",
        "always, also before there is such a role; AWS refuses a principal that it does not see yet",
        "the policies are judged by the ARNs in them",
        "`MalformedPolicy` of a first apply, a role that was made again and that the policy means no more",
    ),
    Otherwise(
        "which permissions a call needs",
        "those of the permission tables, which are held against AWS's service authorization reference",
        "AWS publishes no table of what each call really checks",
        "a permission that AWS asks for and does not list there",
    ),
    Otherwise(
        "who is the root user",
        "whoever has the local cloud's own key; no policy is asked, except a bucket's that denies",
        "the first roles must be made by somebody",
        "a missing permission of whoever applies; the pipeline's roles are judged (`invoke iam.prove`)",
    ),
    Otherwise(
        "organizations, service control policies and access points",
        "there are none, and the condition keys about them have no value",
        "a local cloud is one account",
        "a denial that comes from outside of the account",
    ),
    Otherwise(
        "quotas of an account",
        "the instances of training jobs, which `invoke local.quota 0` sets as in a new account, and those that "
        "operations check themselves, such as the size of a policy",
        "they belong to an account, and a new account has others",
        "a quota of an endpoint's instances, the number of functions at once",
    ),
    Otherwise(
        "where the periods of an alarm begin",
        "they end now; on AWS they begin at whole minutes",
        "an alarm of a minute need not wait for up to two",
        "an alarm that goes off a period later, and one period that has only a part of the data",
    ),
    Otherwise(
        "what an instance can do",
        "every instance type is this machine; the count of instances is only a number",
        "there is one machine",
        "a model that is too large for its instance, a lack of capacity, answers that are slower",
    ),
    Otherwise(
        "the network of functions, jobs and endpoints",
        "subnets, security groups and endpoints must exist; no packet is blocked",
        "the processes share this machine's network",
        "a missing VPC endpoint, route or rule of a security group",
    ),
    Otherwise(
        "when captured requests are in S3",
        "after about a second; minutes on AWS",
        "the demo reads them",
        "a report that is made too early",
    ),
    Otherwise(
        "how a function is made ready",
        "it is Active when CreateFunction answers; on AWS it is Pending for seconds, in a network for longer",
        "the package is on this machine",
        "a change of a function that is still being made: `ResourceConflictException`",
    ),
    Otherwise(
        "what lists show right after a change",
        "the change; on AWS some lists, such as those of IAM and of the Tagging API, show it later",
        "there is one copy of everything",
        "a list that is read once and trusted",
    ),
)

_KINDS = {service: fidelity.kinds() for service, fidelity in TABLE.items()}
_PARTS: dict[tuple[str, str], list[Part]] = {}
for _part in PARTS:
    for _name in _part.operations.split():
        _PARTS.setdefault((_part.service, _name), []).append(_part)


def kind_of(service: str, operation: str) -> Kind:
    """What the local cloud does of an operation. A service that is not in the table is refused as a whole.

    Args:
        service: boto3's name.
        operation: botocore's name.
    """
    return _KINDS.get(service, {}).get(operation, "refused")


def operations(service: str) -> dict[str, Kind]:
    """Every operation of a service in the table, by AWS's model of the service."""
    names = set(get_service_model(service).operation_names) - NOT_IN_MODELS
    return {name: _KINDS[service].get(name, "refused") for name in sorted(names)}


def refusal(service: str, operation: str, parameters: Mapping[str, Any]) -> str | None:
    """Why a request is not supported, in a sentence; None if it is."""
    if kind_of(service, operation) == "refused":
        return f"the local cloud does not support {service}:{operation}"
    for part in _PARTS.get((service, operation), ()):
        if what := part.refused(parameters):
            return f"the local cloud does not support {service}:{operation} with {what}"
    return None
