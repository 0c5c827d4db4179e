# An image of the model's own data set, so that the console input below works as it stands.
data "aws_s3_objects" "examples" {
  bucket   = local.bucket
  prefix   = "datasets/${var.model.dataset_fingerprint}/test/"
  max_keys = 1
}

output "state_machine_arn" {
  description = "The state machine that classifies an image."
  value       = module.state_machine.arn
}

output "endpoint_name" {
  description = "The endpoint that serves the pinned model."
  value       = module.endpoint.name
}

output "endpoint_configuration_name" {
  description = "The configuration that the endpoint was asked to run. SageMaker may have rolled back to another one."
  value       = module.endpoint.configuration_name
}

output "capture_uri" {
  description = "Where the endpoint's traffic is captured; the objects lie under ENDPOINT/VARIANT/yyyy/mm/dd/hh."
  value       = local.capture_uri
}

output "function_names" {
  description = "The functions, by what they do."
  value       = { for name, function in module.function : name => function.name }
}

output "console_input" {
  description = "An input to paste where the console starts an execution."
  value = jsonencode({
    image_url            = "s3://${local.bucket}/${try(data.aws_s3_objects.examples.keys[0], "images/NAME.png")}"
    confidence_threshold = var.confidence_threshold
  })
}

output "alarm_topic_arn" {
  description = "The topic that alarms and the budget tell: subscribe what is to hear of them."
  value       = module.monitoring.topic_arn
}

output "alarm_names" {
  description = "The alarms, by what they watch. The dashboard of the environment's name shows them."
  value       = module.monitoring.alarm_names
}

output "endpoint_enabled" {
  description = "Whether the endpoint is there at this hour; endpoint_hours says when."
  value       = local.endpoint_enabled
}
