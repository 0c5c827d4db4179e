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

  # X-Ray's segments have no resource to name:
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
  tracing = {
    Sid      = "SendItsTraces"
    Effect   = "Allow"
    Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    Resource = "*"
  }

  # Lambda makes the function's network interfaces with its role. What they are is looked up, which no resource can be
  # named for: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
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
      # Any, since Lambda deletes them after the function is gone, and shares them between functions; in the words of
      # the page above, which says that a function may not reach its network otherwise.
      Sid      = "DeleteItsNetworkInterfaces"
      Effect   = "Allow"
      Action   = ["ec2:DeleteNetworkInterface"]
      Resource = ["${local.ec2}:*/*"]
    },
    {
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
      Sid      = "FindItsNetworkInterfaces"
      Effect   = "Allow"
      Action   = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
      Resource = ["*"]
    },
  ]
}

# Made before the function, which would otherwise make one that never expires.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn

  #checkov:skip=CKV_AWS_158:the key is an option, kms_key_arn; CloudWatch Logs encrypts with its own otherwise
  #checkov:skip=CKV_AWS_338:log_retention_days decides; lines of calls are of use for weeks, and a year of them costs
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

resource "aws_lambda_function" "this" {
  function_name                  = var.name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  filename                       = var.package
  source_code_hash               = filebase64sha256(var.package)
  runtime                        = "python3.13"
  handler                        = "handler.handler"
  architectures                  = ["arm64"]
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency
  # Lambda decrypts the variables by a grant that it makes itself; the role needs no permission for it.
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

  #checkov:skip=CKV_AWS_115:reserved_concurrency is an option; an account's quota may be too small to reserve of
  #checkov:skip=CKV_AWS_116:the state machine calls it and waits; a call that fails is in the execution's history
  #checkov:skip=CKV_AWS_117:the network is an option, vpc
  #checkov:skip=CKV_AWS_173:the key is an option, kms_key_arn; Lambda encrypts with its own otherwise, and nothing in the variables is secret
  #checkov:skip=CKV_AWS_272:the package's SHA-256 is in the plan that is reviewed, and the pipeline's role alone may change it

  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}
