output "arn" {
  description = "The state machine's ARN."
  value       = aws_sfn_state_machine.this.arn
}

output "role_arn" {
  description = "The ARN of the state machine's role."
  value       = aws_iam_role.this.arn
}

output "log_group_name" {
  description = "The name of the log group of the executions."
  value       = aws_cloudwatch_log_group.this.name
}
