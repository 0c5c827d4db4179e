output "queues" {
  description = "The two queues, arrivals and endings: for each the name, ARN and URL, and those of its dead letters."
  value = {
    for key, queue in { arrivals = module.arrivals, endings = module.endings } :
    key => { name = queue.name, arn = queue.arn, url = queue.url, dead_letters = queue.dead_letters }
  }
}

output "functions" {
  description = "The two functions, start-workflow and record-result: for each the name, ARN and log group."
  value = {
    for key, function in { start-workflow = module.start, record-result = module.record } :
    key => { name = function.name, arn = function.arn, log_group_name = function.log_group_name }
  }
}

output "uri" {
  description = "Where to put objects, as an S3 URI."
  value       = "s3://${var.bucket}/${var.prefix}"
}

output "results_uri" {
  description = "Where the results are, as an S3 URI."
  value       = "s3://${var.bucket}/${var.results}/"
}
