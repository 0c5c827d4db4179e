# Objects under incoming/ of a bucket start a state machine, at most ten at once.
# Build the functions' zips first: invoke package

data "aws_caller_identity" "current" {}

module "bucket" {
  source = "../../../bucket"

  name          = "scones-example-arrival-${data.aws_caller_identity.current.account_id}"
  force_destroy = true
}

module "state_machine" {
  source = "../../../state_machine"

  name          = "scones-example-arrival"
  function_arns = ["arn:aws:lambda:us-east-1:${data.aws_caller_identity.current.account_id}:function:scones-example-none"]
  definition    = jsonencode({ StartAt = "Done", States = { Done = { Type = "Succeed" } } })
}

module "arrival" {
  source = "../.."

  name              = "scones-example"
  bucket            = module.bucket.name
  state_machine_arn = module.state_machine.arn
  at_most           = 10

  packages = {
    for name in ["start_workflow", "record_result"] : name => "${path.module}/../../../../../build/lambdas/${name}.zip"
  }
}
