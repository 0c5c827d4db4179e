output "arn" {
  description = "The key's ARN, once its policy is in place."
  value       = aws_kms_key.this.arn
}

output "alias" {
  description = "The key's alias, with alias/."
  value       = aws_kms_alias.this.name
}
