# Alarms for a service that exists already: an endpoint with two variants, a state machine and a function.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  logs = toset(["/aws/lambda/scones-watched-filter", "/aws/sagemaker/Endpoints/scones-watched", "/aws/vendedlogs/states/scones-watched"])
}

# The metric filters and the saved queries need existing log groups.
resource "aws_cloudwatch_log_group" "this" {
  for_each = local.logs

  name              = each.value
  retention_in_days = 7

  #checkov:skip=CKV_AWS_158:an example, which is gone in an hour
  #checkov:skip=CKV_AWS_338:an example, which is gone in an hour
}

module "monitoring" {
  source = "../.."

  name   = "scones-watched"
  emails = ["you@example.com"]

  endpoint = {
    name           = "scones-watched"
    log_group_name = aws_cloudwatch_log_group.this["/aws/sagemaker/Endpoints/scones-watched"].name
    variant_names  = ["AllTraffic", "Candidate"]
  }

  state_machine = {
    arn            = "arn:aws:states:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:stateMachine:scones-watched"
    log_group_name = aws_cloudwatch_log_group.this["/aws/vendedlogs/states/scones-watched"].name
  }

  functions = {
    filter-low-confidence = {
      name                = "scones-watched-filter"
      log_group_name      = aws_cloudwatch_log_group.this["/aws/lambda/scones-watched-filter"].name
      refuses_low_answers = true
    }
  }

  thresholds = { latency_p99_ms = 500, silent_hours = 0 }
}

output "topic_arn" {
  description = "The topic of the alarms. A chat tool, a pager or a queue can subscribe to it."
  value       = module.monitoring.topic_arn
}
