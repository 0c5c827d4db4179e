output "name" {
  description = "The bucket's name. It is available after the bucket's policy is in place."
  value       = aws_s3_bucket.this.id

  depends_on = [aws_s3_bucket_policy.this]
}

output "arn" {
  description = "The bucket's ARN. It is known before the bucket exists, so policies can name it without waiting."
  value       = local.arn
}
