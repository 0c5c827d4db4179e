# The permissions boundary of every role that the role apply creates. A boundary grants nothing. A role with it has at
# most these permissions, whatever its policies say:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
#
# It has what functions, state machines, jobs and endpoints of the environment do, and nothing of IAM. So a person who may
# merge can give a role no more than this. To give a role a permission of a new kind, change this file, and apply the
# bootstrap stack first.

locals {
  boundary_name            = "ci-${var.prefix}-boundary"
  permissions_boundary_arn = coalesce(var.permissions_boundary_arn, "arn:${local.partition}:iam::${local.account}:policy/${local.boundary_name}")

  # The first is the bucket of data, the second that of logs.
  own_bucket   = local.buckets[0]
  read_buckets = [for name in var.read_buckets : "arn:${local.partition}:s3:::${name}"]

  within_boundary = concat(
    [
      { Sid = "UseOwnObjects", Effect = "Allow", Action = ["s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"], Resource = [local.own_bucket, "${local.own_bucket}/*"] },
    ],
    [for buckets in [local.read_buckets] :
      { Sid = "ReadOtherBuckets", Effect = "Allow", Action = ["s3:GetObject", "s3:ListBucket"], Resource = flatten([for arn in buckets : [arn, "${arn}/*"]]) }
    if length(buckets) > 0],
    [
      { Sid = "CallOwnFunctions", Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = [local.functions] },
      { Sid = "CallOwnEndpoints", Effect = "Allow", Action = ["sagemaker:InvokeEndpoint"], Resource = local.models },
      { Sid = "WatchOwnAlarms", Effect = "Allow", Action = ["cloudwatch:DescribeAlarms"], Resource = [local.alarms] },
      {
        Sid    = "WriteLogs"
        Effect = "Allow"
        Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = [
          for folder in concat(
            ["lambda/${var.prefix}-*", "sagemaker/Endpoints/${var.prefix}*", "sagemaker/TrainingJobs"],
            [for on in [var.options.batch] : "sagemaker/TransformJobs" if on],
          ) : format(local.arn, "logs", "log-group:/aws/${folder}:*")
        ]
      },
      # A metric has no ARN, and a log delivery, a trace and a login none either. The images of SageMaker's algorithms are
      # in accounts of AWS's:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
      { Sid = "PutMetrics", Effect = "Allow", Action = ["cloudwatch:PutMetricData"], Resource = ["*"], Condition = { StringLike = { "cloudwatch:namespace" = "/aws/sagemaker/*" } } },
      {
        Sid    = "TraceAndDeliverLogs"
        Effect = "Allow"
        Action = [
          "ecr:GetAuthorizationToken", "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups",
          "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy",
          "logs:UpdateLogDelivery", "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords",
          "xray:PutTraceSegments",
        ]
        Resource = ["*"]
      },
      { Sid = "PullImages", Effect = "Allow", Action = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], Resource = ["arn:${local.partition}:ecr:*:*:repository/*"] },
    ],
    [for on in [var.options.customer_managed_key] :
      { Sid = "UseOwnKey", Effect = "Allow", Action = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], Resource = [local.keys], Condition = local.is_ours }
    if on],
    [for on in [var.options.hours] :
      { Sid = "KeepHours", Effect = "Allow", Action = ["sagemaker:AddTags", "sagemaker:CreateEndpoint", "sagemaker:DeleteEndpoint"], Resource = local.models }
    if on],
    [for on in [var.options.hours && var.options.customer_managed_key] :
      { Sid = "LetSageMakerUseTheKey", Effect = "Allow", Action = ["kms:CreateGrant"], Resource = [local.keys], Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } } }
    if on],
    [for statement in [
      { Sid = "ReadVersions", Effect = "Allow", Action = ["s3:GetObjectVersion"], Resource = ["${local.own_bucket}/*"] },
      { Sid = "TakeMessages", Effect = "Allow", Action = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], Resource = [local.queues] },
      { Sid = "StartOwnExecutions", Effect = "Allow", Action = ["states:DescribeExecution", "states:StartExecution"], Resource = [local.machines, format(local.arn, "states", "execution:${var.prefix}-*")] },
      { Sid = "TellEvents", Effect = "Allow", Action = ["events:PutEvents"], Resource = [format(local.arn, "events", "event-bus/default")] },
    ] : statement if var.options.arrival],
    # A distributed Map runs its children, and Step Functions writes large results in parts:
    # https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    [for statement in [
      { Sid = "RunOwnBatches", Effect = "Allow", Action = ["states:DescribeExecution", "states:StartExecution", "states:StopExecution"], Resource = [local.machines, format(local.arn, "states", "execution:${var.prefix}-*")] },
      { Sid = "WriteResultsInParts", Effect = "Allow", Action = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], Resource = ["${local.own_bucket}/batches/*"] },
    ] : statement if var.options.batch],
    [for statement in [
      {
        # Lambda and SageMaker make the network interfaces, without tags.
        Sid    = "UseNetwork"
        Effect = "Allow"
        Action = [
          "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission",
          "ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission", "ec2:UnassignPrivateIpAddresses",
        ]
        Resource = [format(local.arn, "ec2", "*/*")]
      },
      {
        # These Describe actions support no resource ARN:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
        Sid      = "LookAtNetwork"
        Effect   = "Allow"
        Action   = ["ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"]
        Resource = ["*"]
      },
    ] : statement if var.options.vpc],
  )
}

resource "aws_iam_policy" "boundary" {
  count = var.permissions_boundary_arn == null ? 1 : 0

  # The foundation stack knows this name. The role apply may write neither to this policy nor to its name.
  name        = local.boundary_name
  description = "The most that a role of ${var.prefix} may do."
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.within_boundary })

  lifecycle {
    precondition {
      condition     = length(jsonencode({ Version = "2012-10-17", Statement = local.within_boundary })) <= 6144
      error_message = "A managed policy has at most 6144 characters, but the boundary would have more; use fewer read_buckets (${length(var.read_buckets)}), or a shorter prefix than ${var.prefix}."
    }
  }
}
