mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { id = "us-east-1" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:scones-test-alarms" }
  }

  mock_resource "aws_cloudwatch_metric_alarm" {
    defaults = { arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:scones-test" }
  }
}

variables {
  name          = "scones-test"
  endpoint      = { name = "scones-test", log_group_name = "/aws/sagemaker/Endpoints/scones-test" }
  state_machine = { arn = "arn:aws:states:us-east-1:123456789012:stateMachine:scones-test", log_group_name = "/aws/vendedlogs/states/scones-test" }
  functions = {
    classify = { name = "scones-test-classify", log_group_name = "/aws/lambda/scones-test-classify" }
    filter   = { name = "scones-test-filter", log_group_name = "/aws/lambda/scones-test-filter", refuses_low_answers = true }
  }
}

run "watches_every_fault_and_notifies_one_topic" {
  assert {
    condition = keys(output.alarm_names) == [
      "classify-errors", "classify-throttled", "endpoint-4xx", "endpoint-5xx", "endpoint-latency", "endpoint-silent",
      "executions-failed", "filter-errors", "filter-throttled", "low-confidence",
    ]
    error_message = "An alarm is missing or too many: ${jsonencode(keys(output.alarm_names))}"
  }

  assert {
    condition     = length(aws_s3_bucket_metric.captures) == 0
    error_message = "Without captures S3 has nothing to count."
  }

  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.metric), values(aws_cloudwatch_metric_alarm.math)) :
      alarm.alarm_actions == toset([aws_sns_topic.this.arn]) && alarm.ok_actions == toset([aws_sns_topic.this.arn])
    ])
    error_message = "Every alarm publishes to the topic, both ways."
  }

  assert {
    condition = contains(jsondecode(aws_sns_topic_policy.this.policy).Statement, {
      Sid       = "LetAlarmsAndBudgetsPublish"
      Effect    = "Allow"
      Principal = { Service = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] }
      Action    = "sns:Publish"
      Resource  = "arn:aws:sns:us-east-1:123456789012:scones-test-alarms"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    })
    error_message = "Alarms and budgets of this account, and nobody else, may publish."
  }

  assert {
    condition     = [for one in jsondecode(aws_sns_topic_policy.this.policy).Statement : [one.Effect, one.Action] if one.Sid == "RefuseWithoutTLS"] == [["Deny", "sns:Publish"]]
    error_message = "Plain HTTP must be refused."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0 && aws_sns_topic.this.kms_master_key_id == null
    error_message = "Nobody is written to, and no key is used, unless asked."
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.this["Failures"].pattern == "{ (($.type = \"ExecutionFailed\") || ($.type = \"ExecutionTimedOut\")) && (($.details.error NOT EXISTS) || (($.details.error != \"ThresholdConfidenceNotMet\") && ($.details.error != \"NotOneOfTheClasses\"))) }"
    error_message = "Failures are executions that ended in anything but a refused answer."
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.this["LowConfidence"].pattern == "{ ($.type = \"ExecutionFailed\") && (($.details.error = \"ThresholdConfidenceNotMet\") || ($.details.error = \"NotOneOfTheClasses\")) }"
    error_message = "A refused answer is counted by its error's name."
  }

  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.math["filter-errors"].metric_query : query.expression if query.id == "watched"] == ["FILL(errors, 0) - FILL(low, 0)"]
    error_message = "The function that refuses answers fails on purpose then."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.math["endpoint-silent"].evaluation_periods == 24 &&
      aws_cloudwatch_metric_alarm.math["endpoint-silent"].treat_missing_data == "notBreaching" &&
      [for query in aws_cloudwatch_metric_alarm.math["endpoint-silent"].metric_query : query.metric[0].stat if query.id == "reports"] == ["SampleCount"]
    )
    error_message = "Only hours with an instance count, so that a new endpoint is not silent."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.metric["endpoint-latency"].threshold == 2000000 && aws_cloudwatch_metric_alarm.metric["endpoint-latency"].extended_statistic == "p99"
    error_message = "ModelLatency is in microseconds, and one request in a hundred counts."
  }

  assert {
    condition = sort([
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.title if widget.type == "metric"
    ]) == sort(values(output.alarm_names))
    error_message = "One picture an alarm, named alike."
  }

  assert {
    condition     = alltrue([for query in aws_cloudwatch_query_definition.this : startswith(query.name, "scones-test/")])
    error_message = "Saved queries lie in a folder of the environment's."
  }
}

run "watches_a_second_variant_and_captures_and_sends_mail" {
  variables {
    endpoint    = { name = "scones-test", log_group_name = "/aws/sagemaker/Endpoints/scones-test", variant_names = ["AllTraffic", "Candidate"] }
    thresholds  = { silent_hours = 0 }
    captures    = { bucket = "scones-test-123456789012", prefix = "captures/scones-test/" }
    emails      = ["you@example.com"]
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.metric["endpoint-5xx-candidate"].dimensions.VariantName == "Candidate" && aws_cloudwatch_metric_alarm.metric["endpoint-5xx"].dimensions.VariantName == "AllTraffic"
    error_message = "Each variant has alarms of its own, and the first one's names do not change."
  }

  assert {
    condition     = !contains(keys(output.alarm_names), "endpoint-silent")
    error_message = "No alarm on silence where it is left out."
  }

  assert {
    condition     = contains(keys(output.alarm_names), "capture-stopped") && aws_s3_bucket_metric.captures["captures"].filter[0].prefix == "captures/scones-test/"
    error_message = "S3 must count what arrives under the endpoint's prefix."
  }

  assert {
    condition     = keys(aws_sns_topic_subscription.email) == ["you@example.com"] && aws_sns_topic.this.kms_master_key_id == "arn:aws:kms:us-east-1:123456789012:key/1"
    error_message = "The address is subscribed, and the topic encrypted."
  }
}

run "rejects_a_name_with_a_slash" {
  command = plan

  variables {
    name = "scones/test"
  }

  expect_failures = [var.name]
}

run "rejects_an_endpoint_without_variants" {
  command = plan

  variables {
    endpoint = { name = "scones-test", log_group_name = "/aws/sagemaker/Endpoints/scones-test", variant_names = [] }
  }

  expect_failures = [var.endpoint]
}

run "rejects_a_prefix_that_other_endpoints_share" {
  command = plan

  variables {
    captures = { bucket = "scones-test-123456789012", prefix = "captures/scones-test" }
  }

  expect_failures = [var.captures]
}

run "rejects_refusals_without_a_name" {
  command = plan

  variables {
    refusal_errors = []
  }

  expect_failures = [var.refusal_errors]
}

run "rejects_a_silence_of_two_days" {
  command = plan

  variables {
    thresholds = { silent_hours = 48 }
  }

  expect_failures = [var.thresholds]
}

run "rejects_a_share_above_100_percent" {
  command = plan

  variables {
    thresholds = { low_confidence_percent = 101 }
  }

  expect_failures = [var.thresholds]
}

run "rejects_an_email_address_without_a_domain" {
  command = plan

  variables {
    emails = ["you"]
  }

  expect_failures = [var.emails]
}

run "rejects_a_key_that_is_an_alias" {
  command = plan

  variables {
    kms_key_arn = "alias/scones-test"
  }

  expect_failures = [var.kms_key_arn]
}
