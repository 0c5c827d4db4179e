# A state machine with one state, and the function that the state invokes.
# Build the function's zip first: invoke package

module "filter" {
  source = "../../../function"

  name        = "scones-example-filter-low-confidence"
  description = "Passes an answer whose confidence reaches the threshold, and fails otherwise."
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
