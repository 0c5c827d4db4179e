# The dashboard: first the status of all alarms, then one graph for each alarm, with its name and its threshold.

locals {
  alarms = merge(
    { for name, alarm in aws_cloudwatch_metric_alarm.metric : name => alarm.arn },
    { for name, alarm in aws_cloudwatch_metric_alarm.math : name => alarm.arn },
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm"
        x          = 0
        y          = 0
        width      = 24
        height     = 3
        properties = { title = "${var.name}: all alarms", alarms = [for name in sort(keys(local.alarms)) : local.alarms[name]] }
      }],
      [for number, name in sort(keys(local.alarms)) : {
        type   = "metric"
        x      = 8 * (number % 3)
        y      = 3 + 6 * floor(number / 3)
        width  = 8
        height = 6
        properties = {
          title       = "${var.name}-${name}"
          region      = data.aws_region.current.id
          view        = "timeSeries"
          annotations = { alarms = [local.alarms[name]] }
        }
      }],
    )
  })
}
