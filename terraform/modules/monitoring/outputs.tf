output "topic_arn" {
  description = "The ARN of the SNS topic. Every alarm notifies it when it goes off and when it is over."
  value       = aws_sns_topic.this.arn

  # A service that gets this ARN may publish at once.
  depends_on = [aws_sns_topic_policy.this]
}

output "alarm_names" {
  description = "The names of the alarms, by what they watch."
  value       = { for name in keys(local.alarms) : name => "${var.name}-${name}" }
}

output "dashboard_name" {
  description = "The dashboard that shows each alarm's metric under the alarm's name."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
