# The permissions to write, for the role apply.

locals {
  write_state = [
    # A person applies the bootstrap stack. Its state must not come from the pipeline.
    { Sid = "WriteState", Effect = "Allow", Action = ["s3:PutObject"], Resource = ["${local.state}/foundation.tfstate", "${local.state}/service.tfstate"] },
  ]

  write_foundation = [
    {
      Sid    = "WriteBuckets"
      Effect = "Allow"
      Action = [
        "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucket*", "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration", "s3:PutMetricsConfiguration",
      ]
      Resource = local.buckets
    },
  ]

  # The functions' packages are in the foundation's bucket. Terraform deletes all versions of one that it no longer needs.
  write_packages = concat(
    [
      { Sid = "WritePackages", Effect = "Allow", Action = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject", "s3:PutObjectTagging"], Resource = [local.packages] },
      { Sid = "FindPackagesVersions", Effect = "Allow", Action = ["s3:ListBucketVersions"], Resource = [local.own_bucket] },
    ],
    [for on in [var.options.customer_managed_key] : {
      Sid       = "EncryptPackages"
      Effect    = "Allow"
      Action    = ["kms:GenerateDataKey"]
      Resource  = [local.keys]
      Condition = { StringEquals = merge(local.is_ours.StringEquals, { "kms:ViaService" = "s3.${local.region}.amazonaws.com" }) }
    } if on],
  )

  write_key = [for statement in [
    {
      # CreateKey supports no resource ARN. The new key must get the environment's tag:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
      Sid       = "MakeKey"
      Effect    = "Allow"
      Action    = ["kms:CreateKey"]
      Resource  = ["*"]
      Condition = local.will_be_ours
    },
    {
      # To tag a key at its creation, the role needs TagResource on all keys without the tag Workload. So it can also
      # take over another key of the account: tag it, then change its policy, or schedule its deletion (WriteKey). No
      # condition of KMS tells a new key from an old one. Three things limit this. A key is safe whose policy does not
      # let the account's IAM policies decide, or that has a tag Workload. A deletion waits for 7 days or more, and can
      # be cancelled. Keep the keys of other projects in other accounts:
      # https://docs.aws.amazon.com/kms/latest/developerguide/tag-authorization.html
      Sid       = "TagKeyAsItIsMade"
      Effect    = "Allow"
      Action    = ["kms:TagResource"]
      Resource  = [local.keys]
      Condition = merge(local.will_be_ours, { Null = { "aws:ResourceTag/Workload" = "true" } })
    },
    { Sid = "WriteKey", Effect = "Allow", Action = ["kms:EnableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"], Resource = [local.keys], Condition = local.is_ours },
    { Sid = "NameKey", Effect = "Allow", Action = ["kms:CreateAlias", "kms:DeleteAlias"], Resource = [local.alias] },
    { Sid = "NameKeysTarget", Effect = "Allow", Action = ["kms:CreateAlias", "kms:DeleteAlias"], Resource = [local.keys], Condition = local.is_ours },
    { Sid = "EncryptLogGroups", Effect = "Allow", Action = ["logs:AssociateKmsKey", "logs:DisassociateKmsKey"], Resource = local.log_groups },
  ] : statement if var.options.customer_managed_key]

  # Lambda encrypts an environment with a grant, and SageMaker a volume. The role that creates the function or the
  # endpoint must be allowed to create the grant:
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
  # https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
  write_function_key = [for statement in [
    {
      Sid       = "EncryptFunctionsEnvironments"
      Effect    = "Allow"
      Action    = ["kms:Encrypt"]
      Resource  = [local.keys]
      Condition = { StringEquals = merge(local.is_ours.StringEquals, { "kms:ViaService" = "lambda.${local.region}.amazonaws.com" }) }
    },
    {
      Sid      = "LetServicesUseTheKey"
      Effect   = "Allow"
      Action   = ["kms:CreateGrant"]
      Resource = [local.keys]
      Condition = {
        StringEquals = merge(local.is_ours.StringEquals, { "kms:ViaService" = ["lambda.${local.region}.amazonaws.com", "sagemaker.${local.region}.amazonaws.com"] })
        Bool         = { "kms:GrantIsForAWSResource" = "true" }
      }
    },
  ] : statement if var.options.customer_managed_key]

  write_network = [for statement in [
    {
      Sid    = "MakeNetwork"
      Effect = "Allow"
      Action = [
        "ec2:CreateVpc", "ec2:CreateSubnet", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateVpcEndpoint",
        "ec2:CreateFlowLogs", "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress",
      ]
      Resource  = local.network
      Condition = local.will_be_ours
    },
    {
      # The existing resource that contains the new one, such as the VPC of a subnet.
      Sid       = "MakeNetworkInOurs"
      Effect    = "Allow"
      Action    = ["ec2:CreateSubnet", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateVpcEndpoint", "ec2:CreateFlowLogs"]
      Resource  = local.network
      Condition = local.is_ours
    },
    {
      Sid    = "WriteNetwork"
      Effect = "Allow"
      Action = [
        "ec2:AssociateRouteTable", "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteFlowLogs",
        "ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup", "ec2:DeleteSubnet", "ec2:DeleteTags", "ec2:DeleteVpc",
        "ec2:DeleteVpcEndpoints", "ec2:DisassociateRouteTable", "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute",
        "ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
      ]
      Resource  = local.network
      Condition = local.is_ours
    },
    {
      # Tags on new resources. The statement TagNetwork covers the tags of existing resources.
      Sid       = "TagNetworkAsItIsMade"
      Effect    = "Allow"
      Action    = ["ec2:CreateTags"]
      Resource  = local.network
      Condition = { StringEquals = { "ec2:CreateAction" = ["CreateVpc", "CreateSubnet", "CreateRouteTable", "CreateSecurityGroup", "CreateVpcEndpoint", "CreateFlowLogs", "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress"] } }
    },
    { Sid = "TagNetwork", Effect = "Allow", Action = ["ec2:CreateTags"], Resource = local.network, Condition = local.is_ours },
    {
      # EC2 creates the default security group of a VPC, without a tag. The role tags it before it removes the group's
      # rules.
      Sid       = "TakeOverDefaultGroup"
      Effect    = "Allow"
      Action    = ["ec2:CreateTags"]
      Resource  = [format(local.arn, "ec2", "security-group/*")]
      Condition = merge(local.will_be_ours, { Null = { "aws:ResourceTag/Workload" = "true" } })
    },
    # EC2 gives the network private names for an interface endpoint, in a hosted zone that it makes itself:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html (CreateVpcEndpoint)
    { Sid = "NameEndpoints", Effect = "Allow", Action = ["route53:AssociateVPCWithHostedZone"], Resource = ["arn:${local.partition}:route53:::hostedzone/*"] },
    # CreateFlowLogs needs these permissions of its caller. They support no resource ARN:
    # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
    { Sid = "DeliverFlowLogs", Effect = "Allow", Action = ["logs:CreateLogDelivery", "logs:DeleteLogDelivery"], Resource = ["*"] },
  ] : statement if var.options.vpc]

  write_service = [
    { Sid = "WriteFunctions", Effect = "Allow", Action = ["lambda:CreateFunction", "lambda:DeleteFunction", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"], Resource = [local.functions] },
    { Sid = "WriteStateMachines", Effect = "Allow", Action = ["states:CreateStateMachine", "states:DeleteStateMachine", "states:TagResource", "states:UntagResource", "states:UpdateStateMachine"], Resource = [local.machines] },
    {
      Sid      = "WriteModels"
      Effect   = "Allow"
      Action   = ["sagemaker:AddTags", "sagemaker:CreateEndpoint", "sagemaker:CreateEndpointConfig", "sagemaker:CreateModel", "sagemaker:CreateModelPackageGroup", "sagemaker:DeleteEndpoint", "sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel", "sagemaker:DeleteModelPackageGroup", "sagemaker:DeleteTags", "sagemaker:UpdateEndpoint"]
      Resource = local.models
    },
    { Sid = "WriteLogGroups", Effect = "Allow", Action = ["logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteMetricFilter", "logs:PutMetricFilter", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource"], Resource = local.log_groups },
    { Sid = "WriteAlarms", Effect = "Allow", Action = ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"], Resource = [local.alarms] },
    { Sid = "WriteDashboard", Effect = "Allow", Action = ["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"], Resource = [local.dashboard] },
    { Sid = "WriteTopics", Effect = "Allow", Action = ["sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource"], Resource = [local.topics] },
    # The actions on saved queries support no resource ARN:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
    { Sid = "SaveQueries", Effect = "Allow", Action = ["logs:DeleteQueryDefinition", "logs:PutQueryDefinition"], Resource = ["*"] },
    # A state machine with logging needs these permissions of its creator. They support no resource ARN:
    # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
    { Sid = "DeliverLogs", Effect = "Allow", Action = ["logs:CreateLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery"], Resource = ["*"] },
  ]

  write_emails = [for statement in [
    { Sid = "Subscribe", Effect = "Allow", Action = ["sns:Subscribe"], Resource = [local.topics], Condition = { StringEquals = { "sns:Protocol" = "email" } } },
    # Unsubscribe supports no resource ARN:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
    { Sid = "Unsubscribe", Effect = "Allow", Action = ["sns:Unsubscribe"], Resource = ["*"] },
  ] : statement if var.options.emails]

  write_budget = [for statement in [
    { Sid = "WriteBudget", Effect = "Allow", Action = ["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"], Resource = [local.budget] },
  ] : statement if var.options.budget]

  write_hours = [for statement in [
    { Sid = "WriteSchedules", Effect = "Allow", Action = ["scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:UpdateSchedule"], Resource = [local.schedules] },
    { Sid = "HandOverTheRoleOfHours", Effect = "Allow", Action = ["iam:PassRole"], Resource = ["arn:${local.partition}:iam::${local.account}:role/${var.prefix}-hours"], Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } } },
  ] : statement if var.options.hours]

  write_arrival = [for statement in [
    { Sid = "WriteQueues", Effect = "Allow", Action = ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue"], Resource = [local.queues] },
    { Sid = "WriteRules", Effect = "Allow", Action = ["events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:TagResource", "events:UntagResource"], Resource = [local.rules] },
    # CreateEventSourceMapping supports no resource ARN:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
    { Sid = "MakeMappings", Effect = "Allow", Action = ["lambda:CreateEventSourceMapping"], Resource = ["*"], Condition = local.of_our_functions },
    { Sid = "WriteMappings", Effect = "Allow", Action = ["lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"], Resource = [local.mappings], Condition = local.of_our_functions },
    { Sid = "TagMappings", Effect = "Allow", Action = ["lambda:TagResource", "lambda:UntagResource"], Resource = [local.mappings] },
  ] : statement if var.options.arrival]

  write_scaling = [for statement in [
    {
      Sid    = "WriteScaling"
      Effect = "Allow"
      Action = [
        "application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeleteScheduledAction", "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy", "application-autoscaling:PutScheduledAction", "application-autoscaling:RegisterScalableTarget",
      ]
      Resource  = [local.targets]
      Condition = { StringEquals = { "application-autoscaling:service-namespace" = "sagemaker" } }
    },
    { Sid = "TagScaling", Effect = "Allow", Action = ["application-autoscaling:TagResource", "application-autoscaling:UntagResource"], Resource = [local.targets] },
    # A role that sets up autoscaling also needs the permissions that autoscaling uses:
    # https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_id-based-policy-examples.html
    { Sid = "LetScalingScale", Effect = "Allow", Action = ["sagemaker:UpdateEndpointWeightsAndCapacities"], Resource = local.models },
    { Sid = "LetScalingWatch", Effect = "Allow", Action = ["cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"], Resource = [format(local.arn, "cloudwatch", "alarm:TargetTracking-endpoint/${var.prefix}/*")] },
  ] : statement if var.options.autoscaling]

  # The role apply creates only roles with the boundary, and gives policies and trust only to such roles: a role from before
  # there was a boundary may be strong, and nobody may come to be trusted by it. It cannot take the boundary
  # away, exchange or change it: it has no permission for iam:DeleteRolePermissionsBoundary, nor for any managed policy:
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
  write_roles = [
    {
      Sid       = "GiveRolesPermissions"
      Effect    = "Allow"
      Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"]
      Resource  = [local.roles_arn]
      Condition = { StringEquals = { "iam:PermissionsBoundary" = local.permissions_boundary_arn } }
    },
    {
      Sid      = "WriteRoles"
      Effect   = "Allow"
      Action   = ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:ListInstanceProfilesForRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateRoleDescription"]
      Resource = [local.roles_arn]
    },
    {
      # PassRole knows no boundary. So a role with the prefix that trusts one of these services already must have it too:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
      Sid       = "HandOverRoles"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [local.roles_arn]
      Condition = { StringEquals = { "iam:PassedToService" = ["lambda.amazonaws.com", "sagemaker.amazonaws.com", "states.amazonaws.com"] } }
    },
  ]

  # The service-linked role of Application Auto Scaling. An account has one.
  make_scaling_role = [for statement in [{
    Sid       = "MakeScalingsRole"
    Effect    = "Allow"
    Action    = ["iam:CreateServiceLinkedRole"]
    Resource  = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"]
    Condition = { StringEquals = { "iam:AWSServiceName" = "sagemaker.application-autoscaling.amazonaws.com" } }
  }] : statement if var.options.autoscaling]
}
