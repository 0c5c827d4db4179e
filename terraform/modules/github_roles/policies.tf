# What planning reads and what applying writes. Resources are named by the prefix that every name of an environment
# begins with; "*" stands only where the service has no resource to name, by the service authorization reference:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  scope     = "${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"

  state = "arn:${local.partition}:s3:::${var.state_bucket}"

  buckets    = "arn:${local.partition}:s3:::${var.prefix}-${data.aws_caller_identity.current.account_id}"
  functions  = "arn:${local.partition}:lambda:${local.scope}:function:${var.prefix}-*"
  log_groups = [for folder in ["lambda", "sagemaker/Endpoints", "vendedlogs/states"] : "arn:${local.partition}:logs:${local.scope}:log-group:/aws/${folder}/${var.prefix}*"]
  machines   = "arn:${local.partition}:states:${local.scope}:stateMachine:${var.prefix}-*"
  roles_arn  = "arn:${local.partition}:iam::${data.aws_caller_identity.current.account_id}:role/${var.prefix}-*"
  models = flatten([
    for kind in ["model", "endpoint-config", "endpoint", "model-package-group"] :
    ["arn:${local.partition}:sagemaker:${local.scope}:${kind}/${var.prefix}", "arn:${local.partition}:sagemaker:${local.scope}:${kind}/${var.prefix}-*"]
  ])

  read = [
    { Sid = "ReadState", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.state] },
    { Sid = "ReadStateObjects", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["${local.state}/*.tfstate"] },
    { Sid = "LockState", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], Resource = ["${local.state}/*.tfstate.tflock"] },
    # On the bucket, not on what is in it: settings, and the listing that finds an example image.
    { Sid = "ReadBucket", Effect = "Allow", Action = ["s3:Get*", "s3:ListBucket"], Resource = [local.buckets] },
    { Sid = "ReadRoles", Effect = "Allow", Action = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"], Resource = [local.roles_arn] },
    # Without ListTags, GetFunction leaves the tags out, and every plan would set them anew:
    # https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
    { Sid = "ReadFunctions", Effect = "Allow", Action = ["lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:ListTags", "lambda:ListVersionsByFunction"], Resource = [local.functions] },
    { Sid = "ReadStateMachines", Effect = "Allow", Action = ["states:DescribeStateMachine", "states:ListStateMachineVersions", "states:ListTagsForResource"], Resource = [local.machines] },
    { Sid = "ReadModels", Effect = "Allow", Action = ["sagemaker:DescribeModel", "sagemaker:DescribeEndpointConfig", "sagemaker:DescribeEndpoint", "sagemaker:DescribeModelPackageGroup", "sagemaker:ListTags"], Resource = local.models },
    { Sid = "ReadLogGroups", Effect = "Allow", Action = ["logs:ListTagsForResource"], Resource = local.log_groups },
    # Listing log groups and checking a definition have no resource to name:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    { Sid = "FindAndCheck", Effect = "Allow", Action = ["logs:DescribeLogGroups", "states:ValidateStateMachineDefinition"], Resource = ["*"] },
  ]

  write = [
    { Sid = "WriteState", Effect = "Allow", Action = ["s3:PutObject"], Resource = ["${local.state}/*.tfstate"] },
    { Sid = "WriteBucket", Effect = "Allow", Action = ["s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucket*", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"], Resource = [local.buckets] },
    {
      Sid      = "WriteRoles"
      Effect   = "Allow"
      Action   = ["iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:ListInstanceProfilesForRole", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription"]
      Resource = [local.roles_arn]
    },
    {
      Sid       = "HandOverRoles"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [local.roles_arn]
      Condition = { StringEquals = { "iam:PassedToService" = ["lambda.amazonaws.com", "sagemaker.amazonaws.com", "states.amazonaws.com"] } }
    },
    { Sid = "WriteFunctions", Effect = "Allow", Action = ["lambda:CreateFunction", "lambda:DeleteFunction", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"], Resource = [local.functions] },
    { Sid = "WriteStateMachines", Effect = "Allow", Action = ["states:CreateStateMachine", "states:DeleteStateMachine", "states:TagResource", "states:UntagResource", "states:UpdateStateMachine"], Resource = [local.machines] },
    {
      Sid      = "WriteModels"
      Effect   = "Allow"
      Action   = ["sagemaker:AddTags", "sagemaker:CreateEndpoint", "sagemaker:CreateEndpointConfig", "sagemaker:CreateModel", "sagemaker:CreateModelPackageGroup", "sagemaker:DeleteEndpoint", "sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel", "sagemaker:DeleteModelPackageGroup", "sagemaker:DeleteTags", "sagemaker:UpdateEndpoint"]
      Resource = local.models
    },
    { Sid = "WriteLogGroups", Effect = "Allow", Action = ["logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource"], Resource = local.log_groups },
    # A state machine's log delivery is set up with its maker's permissions, and has no resource to name:
    # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
    { Sid = "DeliverLogs", Effect = "Allow", Action = ["logs:CreateLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery"], Resource = ["*"] },
  ]
}
