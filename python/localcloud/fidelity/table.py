"""What the local cloud does of each service: the operations by their kind. The package says what the kinds mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["executed", "configuration", "stored", "refused"]
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
