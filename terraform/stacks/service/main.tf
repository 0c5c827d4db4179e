# What serving needs: the pinned model behind an endpoint that captures its traffic, and the state machine that sends
# images through three functions to it.

data "aws_partition" "current" {}
data "aws_region" "current" {}

data "terraform_remote_state" "foundation" {
  backend = "s3"

  config = {
    bucket = var.state_bucket
    key    = "foundation.tfstate"
    region = data.aws_region.current.id
  }
}

locals {
  prefix      = "scones-${var.environment}"
  foundation  = data.terraform_remote_state.foundation.outputs
  bucket      = local.foundation.bucket
  capture_uri = "s3://${local.bucket}/captures"

  # What the foundation was not asked for is null there, and a state does not hold an output that is null.
  kms_key_arn              = try(local.foundation.kms_key_arn, null)
  vpc                      = try(local.foundation.vpc, null)
  permissions_boundary_arn = try(local.foundation.permissions_boundary_arn, null)
}

module "function" {
  source   = "../../modules/function"
  for_each = local.functions

  name               = "${local.prefix}-${each.key}"
  description        = each.value.description
  package            = "${var.lambda_packages}/${replace(each.key, "-", "_")}.zip"
  environment        = each.value.environment
  allow              = each.value.allow
  memory_mb          = each.value.memory_mb
  timeout_seconds    = each.value.timeout_seconds
  log_retention_days = var.log_retention_days

  kms_key_arn              = local.kms_key_arn
  vpc                      = local.vpc
  permissions_boundary_arn = local.permissions_boundary_arn
}

module "state_machine" {
  source = "../../modules/state_machine"

  name = "${local.prefix}-classify-image"
  definition = templatefile("${path.module}/../../../asl/classify_image.asl.json", merge(
    # In GovCloud and in China an execution refuses a resource of the partition "aws".
    { partition = data.aws_partition.current.partition },
    { for name, function in module.function : "${replace(name, "-", "_")}_arn" => function.arn },
  ))
  function_arns      = [for function in module.function : function.arn]
  log_retention_days = var.log_retention_days

  kms_key_arn              = local.kms_key_arn
  permissions_boundary_arn = local.permissions_boundary_arn
}
