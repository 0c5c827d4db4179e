# The resources that serving needs: an endpoint with the pinned model, which captures its traffic, and a state machine
# that sends images to the endpoint through three functions.

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

  # The outputs of optional resources are null if the foundation has none. The state does not contain null outputs.
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
  package_store      = { bucket = local.bucket }
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
    # In GovCloud and in China, the ARNs in the definition need another partition than "aws".
    { partition = data.aws_partition.current.partition },
    { for name, function in module.function : "${replace(name, "-", "_")}_arn" => function.arn },
  ))
  function_arns      = [for function in module.function : function.arn]
  log_retention_days = var.log_retention_days

  kms_key_arn              = local.kms_key_arn
  permissions_boundary_arn = local.permissions_boundary_arn
}
