# The permissions to read, for the roles plan and apply. The only object that they write is the state's lock.

locals {
  read_state = [
    { Sid = "ReadState", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.state] },
    { Sid = "ReadStateObjects", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["${local.state}/*.tfstate"] },
    # The lock of the bootstrap stack's state would keep a person from applying it or taking it down.
    { Sid = "LockState", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], Resource = [for stack in ["foundation", "service"] : "${local.state}/${stack}.tfstate.tflock"] },
  ]

  # The key encrypts the state and its lock.
  read_state_key = [for arn in var.state_kms_key_arn[*] : {
    Sid      = "UseTheStatesKey"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = [arn]
  }]

  read_foundation = [
    # This covers the buckets' settings and the list of objects, which finds an example image. It covers no object.
    { Sid = "ReadBuckets", Effect = "Allow", Action = ["s3:Get*", "s3:ListBucket"], Resource = local.buckets },
    { Sid = "ReadRoles", Effect = "Allow", Action = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"], Resource = [local.roles_arn] },
  ]

  read_service = [
    # Without ListTags, GetFunction returns no tags, and every plan would set the tags again:
    # https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
    { Sid = "ReadFunctions", Effect = "Allow", Action = ["lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:ListTags", "lambda:ListVersionsByFunction"], Resource = [local.functions] },
    { Sid = "ReadPackages", Effect = "Allow", Action = ["s3:GetObject", "s3:GetObjectTagging"], Resource = [local.packages] },
    { Sid = "ReadStateMachines", Effect = "Allow", Action = ["states:DescribeStateMachine", "states:ListStateMachineVersions", "states:ListTagsForResource"], Resource = [local.machines] },
    { Sid = "ReadModels", Effect = "Allow", Action = ["sagemaker:DescribeModel", "sagemaker:DescribeEndpointConfig", "sagemaker:DescribeEndpoint", "sagemaker:DescribeModelPackageGroup", "sagemaker:ListTags"], Resource = local.models },
    { Sid = "ReadLogGroups", Effect = "Allow", Action = ["logs:DescribeMetricFilters", "logs:ListTagsForResource"], Resource = local.log_groups },
    { Sid = "ReadAlarms", Effect = "Allow", Action = ["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"], Resource = [local.alarms] },
    { Sid = "ReadDashboard", Effect = "Allow", Action = ["cloudwatch:GetDashboard"], Resource = [local.dashboard] },
    { Sid = "ReadTopics", Effect = "Allow", Action = ["sns:GetTopicAttributes", "sns:ListTagsForResource"], Resource = [local.topics] },
    # Listing log groups and saved queries, and validating a definition, support no resource ARN:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    { Sid = "FindAndCheck", Effect = "Allow", Action = ["logs:DescribeLogGroups", "logs:DescribeQueryDefinitions", "states:ValidateStateMachineDefinition"], Resource = ["*"] },
  ]

  # GetSubscriptionAttributes supports no resource ARN:
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
  read_emails = [for statement in [
    { Sid = "ReadSubscriptions", Effect = "Allow", Action = ["sns:GetSubscriptionAttributes"], Resource = ["*"] },
  ] : statement if var.options.emails]

  read_budget = [for statement in [
    { Sid = "ReadBudget", Effect = "Allow", Action = ["budgets:ListTagsForResource", "budgets:ViewBudget"], Resource = [local.budget] },
  ] : statement if var.options.budget]

  read_hours = [for statement in [
    { Sid = "ReadSchedules", Effect = "Allow", Action = ["scheduler:GetSchedule"], Resource = [local.schedules] },
  ] : statement if var.options.hours]

  read_arrival = [for statement in [
    { Sid = "ReadQueues", Effect = "Allow", Action = ["sqs:GetQueueAttributes", "sqs:ListQueueTags"], Resource = [local.queues] },
    { Sid = "ReadRules", Effect = "Allow", Action = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"], Resource = [local.rules] },
    # Without a condition on the function: Terraform asks for a mapping until it is gone, and then it has no function. For
    # its tags, Lambda knows none at all: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
    { Sid = "ReadMappings", Effect = "Allow", Action = ["lambda:GetEventSourceMapping", "lambda:ListTags"], Resource = [local.mappings] },
  ] : statement if var.options.arrival]

  read_scaling = [for statement in [
    # These Describe actions support no resource ARN:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
    { Sid = "ReadScaling", Effect = "Allow", Action = ["application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies", "application-autoscaling:DescribeScheduledActions"], Resource = ["*"] },
    { Sid = "ReadScalingTags", Effect = "Allow", Action = ["application-autoscaling:ListTagsForResource"], Resource = [local.targets] },
  ] : statement if var.options.autoscaling]

  read_key = [for statement in [
    { Sid = "ReadKey", Effect = "Allow", Action = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"], Resource = [local.keys], Condition = local.is_ours },
    # ListAliases supports no resource ARN:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
    { Sid = "FindAliases", Effect = "Allow", Action = ["kms:ListAliases"], Resource = ["*"] },
  ] : statement if var.options.customer_managed_key]

  # Lambda shows a function's environment, and S3 a package, only to a caller who may decrypt it:
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
  read_function_key = [for statement in [{
    Sid       = "ReadFunctionsEnvironmentsAndPackages"
    Effect    = "Allow"
    Action    = ["kms:Decrypt"]
    Resource  = [local.keys]
    Condition = { StringEquals = merge(local.is_ours.StringEquals, { "kms:ViaService" = ["lambda.${local.region}.amazonaws.com", "s3.${local.region}.amazonaws.com"] }) }
  }] : statement if var.options.customer_managed_key]

  read_network = [for statement in [
    { Sid = "ReadNetworkAttributes", Effect = "Allow", Action = ["ec2:DescribeVpcAttribute"], Resource = [local.network[0]], Condition = local.is_ours },
    {
      # These Describe actions support no resource ARN:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
      Sid    = "ReadNetwork"
      Effect = "Allow"
      Action = [
        "ec2:DescribeAvailabilityZones", "ec2:DescribeFlowLogs", "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces",
        "ec2:DescribePrefixLists", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets", "ec2:DescribeTags", "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs",
      ]
      Resource = ["*"]
    },
  ] : statement if var.options.vpc]
}
