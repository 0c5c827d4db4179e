output "name" {
  description = "The budget's name."
  value       = aws_budgets_budget.this.name
}

output "arn" {
  description = "The budget's ARN."
  value       = aws_budgets_budget.this.arn
}
