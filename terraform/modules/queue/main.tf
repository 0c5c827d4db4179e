data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # As long as a function with its retries of a throttled invocation may take:
  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  visibility_seconds = 6 * var.timeout_seconds

  # A queue cannot name its own ARN, nor that of a queue that names it. It does not wait for its rule either, whose
  # pattern may come of what takes minutes.
  arn      = "arn:${data.aws_partition.current.partition}:%s:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:%s"
  names    = { this = var.name, dead = "${var.name}-dead" }
  arns     = { for key, name in local.names : key => format(local.arn, "sqs", name) }
  rule_arn = format(local.arn, "events", "rule/${var.name}")

  policies = {
    for key, arn in local.arns : key => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "TakeEventsOfTheRule"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = arn
        Condition = { ArnEquals = { "aws:SourceArn" = local.rule_arn } }
      }]
    })
  }
}

# Messages are names of objects and results of executions, and no pictures. SQS encrypts them with its own key. The
# policies are no resources of their own: the provider waits half a minute for each change of a queue.
resource "aws_sqs_queue" "this" {
  name                       = local.names.this
  message_retention_seconds  = var.retention_days * 86400
  visibility_timeout_seconds = local.visibility_seconds
  sqs_managed_sse_enabled    = true
  policy                     = local.policies.this

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.receives
  })
}

resource "aws_sqs_queue" "dead" {
  name                      = local.names.dead
  message_retention_seconds = 14 * 86400
  sqs_managed_sse_enabled   = true
  policy                    = local.policies.dead

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.arns.this]
  })
}

resource "aws_cloudwatch_event_rule" "this" {
  name          = var.name
  description   = var.description
  event_pattern = var.event_pattern
}

resource "aws_cloudwatch_event_target" "this" {
  rule = aws_cloudwatch_event_rule.this.name
  arn  = aws_sqs_queue.this.arn

  # An event that cannot be delivered for a day is a dead letter too.
  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn        = aws_sqs_queue.this.arn
  function_name           = var.function_name
  batch_size              = var.batch_size
  function_response_types = ["ReportBatchItemFailures"]

  dynamic "scaling_config" {
    for_each = var.at_most[*]

    content {
      maximum_concurrency = scaling_config.value
    }
  }
}
