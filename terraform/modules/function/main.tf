data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  ec2 = "arn:${data.aws_partition.current.partition}:ec2:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"

  logs = {
    Sid      = "WriteItsLogs"
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Resource = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  # X-Ray's actions support no resource ARN:
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
  tracing = {
    Sid      = "SendItsTraces"
    Effect   = "Allow"
    Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    Resource = "*"
  }

  # Lambda creates the function's network interfaces with the function's role:
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
  network = var.vpc == null ? [] : [
    {
      Sid    = "MakeItsNetworkInterfaces"
      Effect = "Allow"
      Action = ["ec2:CreateNetworkInterface"]
      Resource = concat(
        ["${local.ec2}:network-interface/*"],
        [for id in var.vpc.subnet_ids : "${local.ec2}:subnet/${id}"],
        [for id in var.vpc.security_group_ids : "${local.ec2}:security-group/${id}"],
      )
    },
    {
      # The resource must cover all network interfaces. Lambda shares interfaces between functions, and deletes them
      # after the function is deleted. The page above gives this resource; without it, the function may not reach its
      # network.
      Sid      = "DeleteItsNetworkInterfaces"
      Effect   = "Allow"
      Action   = ["ec2:DeleteNetworkInterface"]
      Resource = ["${local.ec2}:*/*"]
    },
    {
      # AWSLambdaVPCAccessExecutionRole has these two, for the addresses of an interface that several functions share:
      # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaVPCAccessExecutionRole.html
      Sid      = "AddressItsNetworkInterfaces"
      Effect   = "Allow"
      Action   = ["ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]
      Resource = ["${local.ec2}:network-interface/*"]
    },
    {
      # These Describe actions support no resource ARN:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
      Sid      = "FindItsNetworkInterfaces"
      Effect   = "Allow"
      Action   = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
      Resource = ["*"]
    },
  ]
}

# Created before the function. Otherwise Lambda creates a log group that never expires.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn

  #checkov:skip=CKV_AWS_158:kms_key_arn is optional; without it, CloudWatch Logs encrypts with its own key
  #checkov:skip=CKV_AWS_338:log_retention_days sets this; the function's log lines are useful for weeks, and a year of them costs money
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "What the function ${var.name} may do."
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "function"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.logs],
      var.tracing ? [local.tracing] : [],
      local.network,
      [for name, statement in var.allow : {
        Sid      = name
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      }],
    )
  })
}

# The key has the package's SHA-256: a plan shows a new package, and no package is overwritten.
resource "aws_s3_object" "package" {
  count = var.package_store == null ? 0 : 1

  bucket = var.package_store.bucket
  key    = "functions/${var.name}/${filesha256(var.package)}.zip"
  source = var.package
}

resource "aws_lambda_function" "this" {
  function_name                  = var.name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  filename                       = var.package_store == null ? var.package : null
  s3_bucket                      = one(aws_s3_object.package[*].bucket)
  s3_key                         = one(aws_s3_object.package[*].key)
  source_code_hash               = filebase64sha256(var.package)
  runtime                        = "python3.13"
  handler                        = "handler.handler"
  architectures                  = ["arm64"]
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency
  # Lambda creates a grant and decrypts the variables with it. The role needs no permission for this.
  kms_key_arn = length(var.environment) > 0 ? var.kms_key_arn : null

  dynamic "environment" {
    for_each = length(var.environment) > 0 ? [var.environment] : []

    content {
      variables = environment.value
    }
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  #checkov:skip=CKV_AWS_115:reserved_concurrency is optional; an account's quota may be too small for a reservation
  #checkov:skip=CKV_AWS_116:the state machine invokes the function synchronously; the execution's history shows a failed invocation
  #checkov:skip=CKV_AWS_117:vpc is optional
  #checkov:skip=CKV_AWS_173:kms_key_arn is optional; without it, Lambda encrypts with its own key, and the variables hold no secrets
  #checkov:skip=CKV_AWS_272:the reviewed plan contains the package's SHA-256, and only the pipeline's role may change the package

  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}
