data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

# CloudWatch cannot publish to a topic that SNS encrypts with its own key. So without kms_key_arn, the topic has no key:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
resource "aws_sns_topic" "this" {
  #checkov:skip=CKV_AWS_26:kms_key_arn is optional, and alarms cannot publish to a topic with SNS's own key
  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_policy" "this" {
  arn = aws_sns_topic.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # CloudWatch alarms and AWS Budgets publish to the topic:
        # https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
        Sid       = "LetAlarmsAndBudgetsPublish"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this.arn
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
      {
        Sid       = "RefuseWithoutTLS"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.emails)

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = each.value
}

locals {
  ended = "($.type = \"ExecutionFailed\") || ($.type = \"ExecutionTimedOut\")"
  low   = join(" || ", [for error in var.refusal_errors : "($.details.error = \"${error}\")"])
  other = join(" && ", [for error in var.refusal_errors : "($.details.error != \"${error}\")"])

  # The filters count executions in the state machine's log, because its metrics do not contain the error's name. An
  # execution without an error's name in the log counts as a failure. LowConfidence counts all refused answers: also an
  # image that is not one of the classes is an answer that nobody gets.
  counted = {
    LowConfidence = "{ ($.type = \"ExecutionFailed\") && (${local.low}) }"
    Failures      = "{ (${local.ended}) && (($.details.error NOT EXISTS) || (${local.other})) }"
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.counted

  name           = "${var.name}-${each.key}"
  log_group_name = var.state_machine.log_group_name
  pattern        = each.value

  metric_transformation {
    namespace     = var.name
    name          = each.key
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

# S3 counts the requests for a prefix only with a metrics configuration:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-configurations.html
resource "aws_s3_bucket_metric" "captures" {
  for_each = { for one in var.captures[*] : "captures" => one }

  bucket = each.value.bucket
  name   = "${var.name}-captures"

  filter {
    prefix = each.value.prefix
  }
}
