output "name" {
  description = "The endpoint's name."
  value       = aws_sagemaker_endpoint.this.name
}

output "arn" {
  description = "The endpoint's ARN."
  value       = aws_sagemaker_endpoint.this.arn
}

output "model_name" {
  description = "The model that the endpoint's configuration names."
  value       = aws_sagemaker_model.this.name
}

output "configuration_name" {
  description = "The configuration that the endpoint was asked to run. SageMaker may have rolled back to another one."
  value       = aws_sagemaker_endpoint_configuration.this.name
}

output "variant_name" {
  description = "The name of the endpoint's only production variant."
  value       = aws_sagemaker_endpoint_configuration.this.production_variants[0].variant_name
}

output "role_arn" {
  description = "The ARN of the role that the model runs with."
  value       = aws_iam_role.this.arn
}
