output "bucket" {
  description = "The name of the bucket with data sets, artifacts, captures and images."
  value       = module.bucket.name
}

output "training_role_arn" {
  description = "The ARN of the role of training jobs."
  value       = module.training_role.arn
}

output "model_package_group_name" {
  description = "The name of the model package group for trained models."
  value       = aws_sagemaker_model_package_group.this.model_package_group_name
}

output "kms_key_arn" {
  description = "The ARN of the customer managed key. Null if AWS's own keys encrypt everything."
  value       = local.kms_key_arn
}

output "vpc" {
  description = "The subnets and security groups that functions, jobs and models run in. Null if they run in AWS's own networks."
  value       = local.vpc
}

output "permissions_boundary_arn" {
  description = "The ARN of the permissions boundary of every role. Null if there is none."
  value       = local.permissions_boundary_arn
}
