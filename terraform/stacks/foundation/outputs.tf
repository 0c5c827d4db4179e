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
