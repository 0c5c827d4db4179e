output "topic_arn" {
  description = "The topic that every alarm tells of going off and of being over."
  value       = aws_sns_topic.this.arn

  # Who is given it may publish from then on.
  depends_on = [aws_sns_topic_policy.this]
}

output "alarm_names" {
  description = "The alarms, by what they watch."
  value       = { for name in keys(local.alarms) : name => "${var.name}-${name}" }
}

output "dashboard_name" {
  description = "The dashboard that shows each alarm's metric under the alarm's name."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
