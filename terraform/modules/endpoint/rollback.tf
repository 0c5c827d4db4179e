# The alarms that make SageMaker roll an update back during its baking period. They count the requests of both fleets.
# The old and the new fleet have the same endpoint and variant names, and so the same metrics.
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
}

resource "aws_cloudwatch_metric_alarm" "rollback" {
  for_each = local.rollback

  alarm_name          = "${var.name}-rollback-${each.key}"
  alarm_description   = each.value.description
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn[*]
  ok_actions          = var.alarm_topic_arn[*]

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
        dimensions  = { EndpointName = var.name, VariantName = metric_query.value[1] }
      }
    }
  }
}
