# Messages are names of objects and results of executions, and no pictures. SQS encrypts them with its own key.
resource "aws_sqs_queue" "this" {
  name                       = var.name
  message_retention_seconds  = var.retention_days * 86400
  visibility_timeout_seconds = local.visibility_seconds
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.receives
  })
}

resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-dead"
  message_retention_seconds = 14 * 86400
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url = aws_sqs_queue.dead.url

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this.arn]
  })
}

locals {
  # As long as a function with its retries of a throttled invocation may take:
  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  visibility_seconds = 6 * var.function.timeout_seconds
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

resource "aws_sqs_queue_policy" "this" {
  for_each = { this = aws_sqs_queue.this, dead = aws_sqs_queue.dead }

  queue_url = each.value.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TakeEventsOfTheRule"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = each.value.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.this.arn } }
    }]
  })
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn        = aws_sqs_queue.this.arn
  function_name           = var.function.name
  batch_size              = var.batch_size
  function_response_types = ["ReportBatchItemFailures"]

  dynamic "scaling_config" {
    for_each = var.at_most[*]

    content {
      maximum_concurrency = scaling_config.value
    }
  }
}
