output "state_machine" {
  description = "The state machine that classifies a batch: its name, ARN and log group."
  value = {
    name           = local.machine
    arn            = module.state_machine.arn
    log_group_name = module.state_machine.log_group_name
  }
}

output "function" {
  description = "The function that classifies some images at once: its name, ARN and log group."
  value = {
    name           = module.function.name
    arn            = module.function.arn
    log_group_name = module.function.log_group_name
  }
}

output "model_name" {
  description = "The name of the model for Batch Transform. It changes with the model's content."
  value       = aws_sagemaker_model.this.name
}

output "transform_role_arn" {
  description = "The ARN of the role of transform jobs."
  value       = aws_iam_role.transform.arn
}
