data "aws_caller_identity" "current" {}

# States writes here by a resource policy of CloudWatch Logs; under this prefix the policy stays below its size limit:
# https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/vendedlogs/states/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn

  #checkov:skip=CKV_AWS_158:the key is an option, kms_key_arn; CloudWatch Logs encrypts with its own otherwise
  #checkov:skip=CKV_AWS_338:log_retention_days decides; events of executions are of use for weeks, and a year of them costs
}

resource "aws_iam_role" "this" {
  name                 = "${var.name}-states"
  description          = "What the state machine ${var.name} may do."
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "state-machine"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "CallItsFunctions"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = var.function_arns
      },
      {
        # Log deliveries and resource policies have no resource to name:
        # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
        Sid    = "DeliverItsLogs"
        Effect = "Allow"
        Action = [
          "logs:CreateLogDelivery",
          "logs:GetLogDelivery",
          "logs:UpdateLogDelivery",
          "logs:DeleteLogDelivery",
          "logs:ListLogDeliveries",
          "logs:PutResourcePolicy",
          "logs:DescribeResourcePolicies",
          "logs:DescribeLogGroups",
        ]
        Resource = "*"
      },
      {
        # X-Ray's segments and sampling have no resource to name:
        # https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html
        Sid    = "SendItsTraces"
        Effect = "Allow"
        Action = [
          "xray:PutTraceSegments",
          "xray:PutTelemetryRecords",
          "xray:GetSamplingRules",
          "xray:GetSamplingTargets",
        ]
        Resource = "*"
      },
    ]
  })
}

resource "aws_sfn_state_machine" "this" {
  name       = var.name
  type       = "STANDARD"
  role_arn   = aws_iam_role.this.arn
  definition = var.definition

  logging_configuration {
    log_destination = "${aws_cloudwatch_log_group.this.arn}:*"
    level           = "ALL"
    # States carry images: their input and output stay in the execution's history and out of the logs.
    include_execution_data = false
  }

  tracing_configuration {
    enabled = true
  }

  #checkov:skip=CKV_AWS_285:every event is logged; the states' input and output, which are images, are kept out of the log

  # States proves that the role may log when the machine is made.
  depends_on = [aws_iam_role_policy.this]
}
