data "aws_caller_identity" "current" {}

# Step Functions needs a resource policy of CloudWatch Logs to write here. With this prefix, the policy stays below its
# size limit:
# https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/vendedlogs/states/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn

  #checkov:skip=CKV_AWS_158:kms_key_arn is optional; without it, CloudWatch Logs encrypts with its own key
  #checkov:skip=CKV_AWS_338:log_retention_days sets this; the events of executions are useful for weeks, and a year of them costs money
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
    Statement = concat([
      {
        Sid      = "CallItsFunctions"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = var.function_arns
      },
      {
        # The actions on log deliveries and resource policies support no resource ARN:
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
        # X-Ray's actions support no resource ARN:
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
      ],
      [for name, statement in var.allow : {
        Sid      = name
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      }],
    )
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
    # The input and output of states contain images. They are in the execution's history, not in the log.
    include_execution_data = false
  }

  tracing_configuration {
    enabled = true
  }

  #checkov:skip=CKV_AWS_285:every event is logged, without the states' input and output, which contain images

  # When Step Functions creates the state machine, it checks that the role may write logs.
  depends_on = [aws_iam_role_policy.this]
}
