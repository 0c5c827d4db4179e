# A test image of the model's data set, for the output console_input.
data "aws_s3_objects" "examples" {
  bucket   = local.bucket
  prefix   = "datasets/${var.model.dataset_fingerprint}/test/"
  max_keys = 1
}

output "state_machine_arn" {
  description = "The ARN of the state machine that classifies an image."
  value       = module.state_machine.arn
}

output "endpoint_name" {
  description = "The name of the endpoint that serves the pinned model."
  value       = module.endpoint.name
}

output "endpoint_configuration_name" {
  description = "The endpoint configuration of the last update. After a rollback, the endpoint runs an earlier one."
  value       = module.endpoint.configuration_name
}

output "capture_uri" {
  description = "Where the endpoint's captured traffic is stored. The objects are under ENDPOINT/MODELS/ENDPOINT/VARIANT/yyyy/mm/dd/hh, where MODELS names the models that answer, such as AllTraffic.GROUP.VERSION-MARK."
  value       = local.capture_uri
}

output "function_names" {
  description = "The names of the functions, by what they do."
  value       = { for name, function in module.function : name => function.name }
}

output "console_input" {
  description = "An input for an execution. Paste it into the Step Functions console."
  value = jsonencode({
    image_url            = "s3://${local.bucket}/${try(data.aws_s3_objects.examples.keys[0], "images/NAME.png")}"
    confidence_threshold = var.confidence_threshold
  })
}

output "alarm_topic_arn" {
  description = "The ARN of the SNS topic of the alarms and the budget. Subscribe to it to get their notifications."
  value       = module.monitoring.topic_arn
}

output "alarm_names" {
  description = "The names of the alarms, by what they watch. The dashboard scones-ENVIRONMENT shows them."
  value       = module.monitoring.alarm_names
}

output "budget" {
  description = "The budget's name and what it counts: account or environment. Null if there is none."
  value       = one([for budget in module.budget : { name = budget.name, counts = var.budget_scope }])
}

output "arrival" {
  description = "Where to put objects so that they start the workflow, where their results are, and the queues on the way. Null if arrivals start nothing."
  value       = one([for arrival in module.arrival : { uri = arrival.uri, results_uri = arrival.results_uri, queues = arrival.queues }])
}

output "batch" {
  description = "What classifies batches of images: the state machine, its function, the model for Batch Transform with its package and classes, and the defaults of a batch. Null if batches are off."
  value = one([for batch in module.batch : {
    state_machine_arn       = batch.state_machine.arn
    function_name           = batch.function.name
    model_name              = batch.model_name
    package_arn             = var.model.package_arn
    class_labels            = var.model.class_labels
    at_most                 = var.batch.at_most
    transform_instance_type = var.batch.transform_instance_type
  }])
}
