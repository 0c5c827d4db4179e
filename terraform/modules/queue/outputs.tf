output "arn" {
  description = "The queue's ARN."
  value       = aws_sqs_queue.this.arn
}

output "name" {
  description = "The queue's name."
  value       = aws_sqs_queue.this.name
}

output "url" {
  description = "The queue's URL."
  value       = aws_sqs_queue.this.url
}

output "dead_letters" {
  description = "The name, ARN and URL of the queue of the dead letters."
  value       = { name = aws_sqs_queue.dead.name, arn = aws_sqs_queue.dead.arn, url = aws_sqs_queue.dead.url }
}

output "rule_arn" {
  description = "The ARN of the rule that fills the queue."
  value       = aws_cloudwatch_event_rule.this.arn
}
