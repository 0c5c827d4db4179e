# The alarms that make SageMaker roll an update back during its baking period. They watch the new fleet only: an alarm
# that the old fleet sets off would turn back the very update that mends it. The dimension EndpointConfigName is what
# tells the fleets apart; endpoint and variant have the same names in both:
# https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
locals {
  rollback = {
    "5xx" = {
      description = "More than ${var.rollback.error_percent} % of the requests to ${var.name} failed with a 5xx within a minute."
      metrics     = { errors = { name = "Invocation5XXErrors", stat = "Sum" }, requests = { name = "Invocations", stat = "Sum" } }
      # The requests of all production variants together.
      expression = "100 * (${join(" + ", formatlist("FILL(errors%s, 0)", local.production))}) / (${join(" + ", formatlist("FILL(requests%s, 0)", local.production))})"
      threshold  = var.rollback.error_percent
      periods    = 1
    }
    latency = {
      description = "The slowest 1 % of the answers of ${var.name} took more than ${var.rollback.latency_ms} ms, in each of two minutes."
      metrics     = { latency = { name = "ModelLatency", stat = "p99" } }
      # ModelLatency is in microseconds. With two variants, this is the slower one's.
      expression = length(local.production) == 1 ? "latencyAllTraffic / 1000" : "IF(FILL(latencyAllTraffic, 0) > FILL(latencyCandidate, 0), FILL(latencyAllTraffic, 0), FILL(latencyCandidate, 0)) / 1000"
      threshold  = var.rollback.latency_ms
      periods    = 2
    }
  }
  rollback_names = [for name in keys(local.rollback) : "${var.name}-rollback-${name}"]

  # Without automatic rollback, the alarms stay, because the provider replaces an endpoint that loses them. Neither a
  # percentage nor a number of milliseconds reaches this value.
  never = 1000000000
}

# What the alarms watch. CloudWatch keeps an alarm's state when the alarm changes. An alarm that went off for the old
# fleet would still be on while the new one starts. So a change makes new alarms, which have no state yet:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
resource "terraform_data" "watched" {
  input = {
    configuration = aws_sagemaker_endpoint_configuration.this[local.configuration_hash].name
    rolls_back    = var.rollback.enabled
  }
}

resource "aws_cloudwatch_metric_alarm" "rollback" {
  for_each = local.rollback

  alarm_name          = "${var.name}-rollback-${each.key}"
  alarm_description   = var.rollback.enabled ? each.value.description : "Off: rollback.enabled is false, so no update of ${var.name} is rolled back by an alarm."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.rollback.enabled ? each.value.threshold : local.never
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  # There are no ok_actions. A new alarm goes from INSUFFICIENT_DATA to OK, which would send a mail that something is over,
  # and each promotion makes two new alarms.
  alarm_actions = var.alarm_topic_arn[*]

  metric_query {
    id          = "found"
    label       = each.key
    expression  = each.value.expression
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { for pair in setproduct(keys(each.value.metrics), local.production) : "${pair[0]}${pair[1]}" => pair }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/SageMaker"
        metric_name = each.value.metrics[metric_query.value[0]].name
        stat        = each.value.metrics[metric_query.value[0]].stat
        period      = 60
        dimensions = {
          EndpointName       = var.name
          VariantName        = metric_query.value[1]
          EndpointConfigName = aws_sagemaker_endpoint_configuration.this[local.configuration_hash].name
        }
      }
    }
  }

  lifecycle {
    replace_triggered_by = [terraform_data.watched]
  }
}
