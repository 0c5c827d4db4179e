output "name" {
  description = "The bucket's name."
  value       = aws_s3_bucket.this.id
}

output "arn" {
  description = "The bucket's ARN, known before it exists, so that policies can name it without waiting."
  value       = local.arn
}
