output "name" {
  description = "The endpoint's name. It is set even if enabled is false."
  value       = try(aws_sagemaker_endpoint.this[0].name, var.name)
}

output "arn" {
  description = "The endpoint's ARN."
  value       = try(aws_sagemaker_endpoint.this[0].arn, format(local.arn_of, "sagemaker", "endpoint/${var.name}"))
}

output "model_name" {
  description = "The model that the variant AllTraffic serves."
  value       = aws_sagemaker_model.this[local.hashes["AllTraffic"]].name
}

output "configuration_name" {
  description = "The endpoint configuration of the last update. After a rollback, the endpoint runs an earlier one."
  value       = aws_sagemaker_endpoint_configuration.this[local.configuration_hash].name
}

output "variant_name" {
  description = "The name of the variant that serves the pinned model. It stays the same across updates."
  value       = "AllTraffic"
}

output "role_arn" {
  description = "The ARN of the role that the model runs with."
  value       = aws_iam_role.this.arn
}

output "variant_names" {
  description = "The names of all production variants, without a shadow variant."
  value       = tolist(local.production)
}

output "rollback_alarm_names" {
  description = "The alarms that make SageMaker roll an update back during its baking period."
  value       = tolist(local.rollback_names)
}
