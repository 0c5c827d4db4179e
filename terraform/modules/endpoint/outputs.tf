output "name" {
  description = "The endpoint's name, which it has whether it is there or not."
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
  description = "The configuration that the endpoint was asked to run. SageMaker may have rolled back to another one."
  value       = aws_sagemaker_endpoint_configuration.this[local.configuration_hash].name
}

output "variant_name" {
  description = "The name of the variant that serves the pinned model; it stays the same across updates."
  value       = "AllTraffic"
}

output "role_arn" {
  description = "The ARN of the role that the model runs with."
  value       = aws_iam_role.this.arn
}

output "variant_names" {
  description = "The names of all production variants; a shadow is none of them."
  value       = tolist(local.production)
}

output "rollback_alarm_names" {
  description = "The alarms that turn an update back while it bakes."
  value       = tolist(local.rollback_names)
}
