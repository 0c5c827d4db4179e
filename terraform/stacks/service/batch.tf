# Many images at once, if the variable batch says so: by a state machine and the endpoint, or by transform jobs.

locals {
  # classifyBatch has the code of the three functions, so it has their variables and permissions. A listing names no
  # version of an object.
  batch_environment = merge([for function in local.functions : function.environment]...)
  batch_allow       = { for name, statement in merge([for function in local.functions : function.allow]...) : name => statement if name != "ReadVersions" }
}

module "batch" {
  source   = "../../modules/batch"
  for_each = { for batch in var.batch[*] : "on" => batch }

  name        = local.prefix
  bucket      = local.bucket
  image_arns  = local.image_objects
  definition  = "${path.module}/../../../asl/classify_batch.asl.json"
  package     = "${var.lambda_packages}/classify_batch.zip"
  environment = local.batch_environment
  allow       = local.batch_allow
  # `invoke cost --images` counts with it, too.
  memory_mb = jsondecode(file("${path.module}/batch.json")).memory_mb

  at_most                      = each.value.at_most
  tolerated_failure_percentage = each.value.tolerated_failure_percentage

  model = {
    image_uri       = var.model.image_uri
    artifact_uri    = var.model.artifact_uri
    artifact_sha256 = var.model.artifact_sha256
    tags            = local.model_tags["model"]
  }

  log_retention_days       = var.log_retention_days
  kms_key_arn              = local.kms_key_arn
  vpc                      = local.vpc
  permissions_boundary_arn = local.permissions_boundary_arn
}
