# A state machine of one state, and the function that it calls. The function's zip is made first: invoke package

module "filter" {
  source = "../../../function"

  name        = "scones-example-filter-low-confidence"
  description = "Passes an answer that is sure enough, and fails on any other."
  package     = "${path.module}/../../../../../build/lambdas/filter_low_confidence.zip"
  environment = { CONFIDENCE_THRESHOLD = "0.8" }
}

module "state_machine" {
  source = "../.."

  name          = "scones-example-filter"
  function_arns = [module.filter.arn]

  definition = jsonencode({
    StartAt = "Pass only confident answers"
    States = {
      "Pass only confident answers" = {
        Type           = "Task"
        Resource       = "arn:aws:states:::lambda:invoke"
        Parameters     = { FunctionName = module.filter.arn, "Payload.$" = "$" }
        OutputPath     = "$.Payload"
        TimeoutSeconds = 15
        End            = true
      }
    }
  })
}
