# Many images at once, if the variable batch says so: by a state machine and the endpoint, or by transform jobs.

locals {
  # Numbers that `invoke cost --images` and the benchmarks read too (scones.service.definition).
  batch_numbers = jsondecode(file("${path.module}/batch.json"))

  # A state's output has at most 256 KiB, and a child's output is a row for each of its images, and the labels once:
  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
  # A label has up to 64 bytes; the longest number is 1.2345678901234567e-05 and a comma, 24 bytes; the rest of a row has up
  # to 3 KiB: a key of 1,024 bytes, of which each may be two in JSON, a bucket, an error and its cause. So a child of 2, 100
  # or 250 classes has 40, 40 or 27 images, and one of 1,000 has 7.
  images_a_child = max(1, min(local.batch_numbers.images_a_child, floor(
    (local.batch_numbers.output_bytes - local.batch_numbers.label_bytes * length(var.model.class_labels)) /
    (local.batch_numbers.row_bytes + local.batch_numbers.probability_bytes * length(var.model.class_labels))
  )))

  # classifyBatch has the code of the three functions, so it has their variables and permissions. A listing names no
  # version of an object. The rows of a batch are of one model, also while a candidate is compared with it.
  batch_environment = merge(
    concat([for function in local.functions : function.environment], [{ PINNED_VARIANT = module.endpoint.variant_name }])...
  )
  batch_allow = { for name, statement in merge([for function in local.functions : function.allow]...) : name => statement if name != "ReadVersions" }
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
  memory_mb   = local.batch_numbers.memory_mb

  images_a_child               = local.images_a_child
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
