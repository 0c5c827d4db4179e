# A queue of the events that a project's own source tells, and a function that empties it.
# Build the function's zip first: invoke package

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

module "start" {
  source = "../../../function"

  name        = "scones-example-queue-start-workflow"
  description = "Starts an execution for each event."
  package     = "${path.module}/../../../../../build/lambdas/start_workflow.zip"

  allow = {
    ReceiveOrders = {
      actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = ["arn:aws:sqs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:scones-example-orders"]
    }
  }
}

module "queue" {
  source = "../.."

  name          = "scones-example-orders"
  description   = "Orders of the shop."
  event_pattern = jsonencode({ source = ["scones.example"], detail-type = ["Order"] })

  function_name   = module.start.name
  timeout_seconds = 30
}
