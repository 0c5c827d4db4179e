output "bucket" {
  description = "The bucket of data sets, artifacts, captures and images."
  value       = module.bucket.name
}

output "training_role_arn" {
  description = "The role that training jobs run with."
  value       = module.training_role.arn
}

output "model_package_group_name" {
  description = "The group that trained models are registered in."
  value       = aws_sagemaker_model_package_group.this.model_package_group_name
}

output "kms_key_arn" {
  description = "The key that encrypts everything; none where AWS's own keys do."
  value       = local.kms_key_arn
}

output "vpc" {
  description = "The subnets and security groups that functions, jobs and models run in; none where they run in AWS's own networks."
  value       = local.vpc
}

output "permissions_boundary_arn" {
  description = "The policy that bounds every role; none where no bound was set."
  value       = var.permissions_boundary_arn
}
