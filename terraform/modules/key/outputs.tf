output "arn" {
  description = "The key's ARN. It is available after the key's policy is in place."
  value       = aws_kms_key.this.arn
}

output "alias" {
  description = "The key's alias, with the prefix alias/."
  value       = aws_kms_alias.this.name
}
