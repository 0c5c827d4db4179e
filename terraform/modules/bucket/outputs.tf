output "name" {
  description = "The bucket's name, once its policy is in place."
  value       = aws_s3_bucket.this.id

  depends_on = [aws_s3_bucket_policy.this]
}

output "arn" {
  description = "The bucket's ARN, known before it exists, so that policies can name it without waiting."
  value       = local.arn
}
