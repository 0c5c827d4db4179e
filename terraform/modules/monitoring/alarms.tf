# The maps of all alarms: the metric, the threshold, the period and a description. Missing data does not set an alarm
# off unless the alarm says so, because no traffic is not an error.
#
# Each alarm says when it is over (ok_actions). So a new alarm, which goes from INSUFFICIENT_DATA to OK, says so once:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html

locals {
  five_minutes = 300

  # The variant that serves the pinned model.
  pinned = { EndpointName = var.endpoint.name, VariantName = var.endpoint.variant_names[0] }

  by_variant = merge([
    for number, variant in var.endpoint.variant_names : {
      for kind, alarm in {
        "endpoint-4xx" = {
          description = "The model refuses requests: a caller sends data that is not an image, or a content type that the model does not read."
          metric      = "Invocation4XXErrors", statistic = "Sum", threshold = var.thresholds.endpoint_4xx
        }
        "endpoint-5xx" = {
          description = "The model fails on requests or does not answer: read the endpoint's log, and roll back the model."
          metric      = "Invocation5XXErrors", statistic = "Sum", threshold = var.thresholds.endpoint_5xx
        }
        "endpoint-latency" = {
          # ModelLatency is in microseconds.
          description = "One request in a hundred takes longer than ${var.thresholds.latency_p99_ms} ms in the model: use more or larger instances."
          metric      = "ModelLatency", statistic = "p99", threshold = var.thresholds.latency_p99_ms * 1000
        }
      } :
      number == 0 ? kind : "${kind}-${lower(variant)}" => merge(alarm, {
        namespace  = "AWS/SageMaker"
        dimensions = { EndpointName = var.endpoint.name, VariantName = variant }
      })
    }
  ]...)

  metric_alarms = merge(
    {
      for name, alarm in local.by_variant : name => merge({ period = local.five_minutes, periods = 1, comparison = "GreaterThanOrEqualToThreshold", missing = "notBreaching" }, alarm)
    },
    {
      executions-failed = {
        description = "Executions end in errors other than a refused answer: the saved query ${var.name}/errors lists them."
        namespace   = var.name
        metric      = "Failures"
        statistic   = "Sum"
        dimensions  = {}
        threshold   = var.thresholds.failed_executions
        period      = local.five_minutes
        periods     = 1
        comparison  = "GreaterThanOrEqualToThreshold"
        missing     = "notBreaching"
      }
    },
    {
      for key, function in var.functions : "${key}-throttled" => {
        description = "Lambda refuses invocations of the function ${function.name}: it reached its own or the account's concurrency limit."
        namespace   = "AWS/Lambda"
        metric      = "Throttles"
        statistic   = "Sum"
        dimensions  = { FunctionName = function.name }
        threshold   = var.thresholds.function_throttles
        period      = local.five_minutes
        periods     = 1
        comparison  = "GreaterThanOrEqualToThreshold"
        missing     = "notBreaching"
      }
    },
    {
      for key, function in var.functions : "${key}-errors" => {
        description = "The function ${function.name} ends in errors: the saved query ${var.name}/errors lists them."
        namespace   = "AWS/Lambda"
        metric      = "Errors"
        statistic   = "Sum"
        dimensions  = { FunctionName = function.name }
        threshold   = var.thresholds.function_errors
        period      = local.five_minutes
        periods     = 1
        comparison  = "GreaterThanOrEqualToThreshold"
        missing     = "notBreaching"
      } if !function.refuses_low_answers
    },
    {
      for key, queue in var.queues : "${key}-waiting" => {
        description = "A message has waited in the queue ${queue.name} for ${var.thresholds.waiting_seconds} seconds: its function fails, or is slower than what arrives. invoke inbox says why."
        namespace   = "AWS/SQS"
        metric      = "ApproximateAgeOfOldestMessage"
        statistic   = "Maximum"
        dimensions  = { QueueName = queue.name }
        threshold   = var.thresholds.waiting_seconds
        period      = local.five_minutes
        periods     = 1
        comparison  = "GreaterThanOrEqualToThreshold"
        missing     = "notBreaching"
      }
    },
    {
      for key, queue in var.queues : "${key}-dead" => {
        description = "Messages of the queue ${queue.name} were tried again and again, and given up: invoke inbox says why, and can try them again."
        namespace   = "AWS/SQS"
        metric      = "ApproximateNumberOfMessagesVisible"
        statistic   = "Maximum"
        dimensions  = { QueueName = queue.dead_letters_name }
        threshold   = 1
        period      = local.five_minutes
        periods     = 1
        comparison  = "GreaterThanOrEqualToThreshold"
        missing     = "notBreaching"
      }
    },
  )

  succeeded = { namespace = "AWS/States", metric = "ExecutionsSucceeded", dimensions = { StateMachineArn = var.state_machine.arn } }
  low_count = { namespace = var.name, metric = "LowConfidence", dimensions = {} }

  # Alarms that combine several metrics. A metric without a statistic is the sum over the period.
  math_alarms = merge(
    {
      for hours in [var.thresholds.silent_hours] : "endpoint-silent" => {
        description = "The endpoint has run for ${hours} hours without a request: the caller may be broken, or nobody needs the endpoint, which costs money."
        # Without requests, Invocations has no data, before the endpoint's first day as well as on a silent day. The
        # instances report themselves every minute. So only hours count in which there was an instance:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
        expression = "IF(FILL(reports, 0) > 0 AND FILL(invocations, 0) < 1, 1, 0)"
        metrics = {
          reports     = { namespace = "/aws/sagemaker/Endpoints", metric = "CPUUtilization", statistic = "SampleCount", dimensions = local.pinned }
          invocations = { namespace = "AWS/SageMaker", metric = "Invocations", dimensions = local.pinned }
        }
        threshold = 1
        period    = 3600
        periods   = hours
      } if hours > 0
    },
    {
      low-confidence = {
        description = "At least ${var.thresholds.low_confidence_percent} percent of the answers are refused, below the confidence threshold or not one of the classes: the images have changed, or the threshold is too high."
        expression  = "IF(FILL(low, 0) + FILL(succeeded, 0) >= ${var.thresholds.low_confidence_minimum}, 100 * FILL(low, 0) / (FILL(low, 0) + FILL(succeeded, 0)), 0)"
        metrics     = { low = local.low_count, succeeded = local.succeeded }
        threshold   = var.thresholds.low_confidence_percent
        period      = 900
        periods     = 1
      }
    },
    {
      for key, function in var.functions : "${key}-errors" => {
        description = "The function ${function.name} ends in errors other than a refused answer: the saved query ${var.name}/errors lists them."
        expression  = "FILL(errors, 0) - FILL(low, 0)"
        metrics = {
          errors = { namespace = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = function.name } }
          low    = local.low_count
        }
        threshold = var.thresholds.function_errors
        period    = local.five_minutes
        periods   = 1
      } if function.refuses_low_answers
    },
    {
      for key, batch in var.batches : "${key}-failed" => {
        description = "A batch of images failed, or took longer than it may: invoke batch, again, does what is missing."
        expression  = "FILL(failed, 0) + FILL(timed_out, 0)"
        metrics = {
          failed    = { namespace = "AWS/States", metric = "ExecutionsFailed", dimensions = { StateMachineArn = batch } }
          timed_out = { namespace = "AWS/States", metric = "ExecutionsTimedOut", dimensions = { StateMachineArn = batch } }
        }
        threshold = 1
        period    = local.five_minutes
        periods   = 1
      }
    },
    {
      for captures in var.captures[*] : "capture-stopped" => {
        description = "The endpoint answers, but no captured data arrives in s3://${captures.bucket}/${captures.prefix}: the instance's disk is full, or the role or the key does not allow the write."
        # Captures arrive minutes after their requests, and S3's metric some minutes later. So the alarm needs two
        # hours.
        expression = "IF(FILL(invocations, 0) >= ${var.thresholds.capture_stopped_after} AND FILL(captures, 0) < 1, 1, 0)"
        metrics = {
          invocations = { namespace = "AWS/SageMaker", metric = "Invocations", dimensions = local.pinned }
          captures    = { namespace = "AWS/S3", metric = "PutRequests", dimensions = { BucketName = captures.bucket, FilterId = "${var.name}-captures" } }
        }
        threshold = 1
        period    = 3600
        periods   = 2
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "metric" {
  for_each = local.metric_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]
}

resource "aws_cloudwatch_metric_alarm" "math" {
  for_each = local.math_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  evaluation_periods  = each.value.periods
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]

  metric_query {
    id          = "watched"
    label       = each.key
    expression  = each.value.expression
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        period      = each.value.period
        stat        = lookup(metric_query.value, "statistic", "Sum")
      }
    }
  }
}

moved {
  from = aws_cloudwatch_metric_alarm.metric["endpoint-silent"]
  to   = aws_cloudwatch_metric_alarm.math["endpoint-silent"]
}
