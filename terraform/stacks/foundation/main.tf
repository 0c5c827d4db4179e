# What training needs: somewhere to keep data sets, artifacts and captures, the role of a training job, and the group
# that trained models are registered in. And what everything may be put under and into, where it is asked for: one key,
# one network, a record of requests and traffic.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  prefix      = "scones-${var.environment}"
  kms_key_arn = one(module.key[*].arn)
  vpc         = one(module.network[*].vpc)
}

module "key" {
  source = "../../modules/key"
  count  = var.customer_managed_key ? 1 : 0

  name                 = local.prefix
  description          = "Encrypts what ${local.prefix} keeps: bucket, logs, topics, the endpoint's volumes."
  deletion_window_days = var.force_destroy ? 7 : 30
  publishers           = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]

  log_groups = [
    "/aws/lambda/${local.prefix}-*",
    "/aws/sagemaker/Endpoints/${local.prefix}",
    "/aws/vendedlogs/states/${local.prefix}-*",
  ]
}

module "network" {
  source = "../../modules/network"
  count  = var.vpc == null ? 0 : 1

  name                = local.prefix
  cidr                = var.vpc.cidr
  availability_zones  = var.vpc.availability_zones
  interface_endpoints = var.vpc.interface_endpoints
  # By the bucket's name rather than its ARN, which is known before the bucket takes flow logs.
  flow_log = var.access_logging ? { bucket_arn = "arn:${data.aws_partition.current.partition}:s3:::${module.log_bucket[0].name}" } : null
}

# It is encrypted by S3's own key: no logs are delivered to a bucket under another.
module "log_bucket" {
  source = "../../modules/bucket"
  count  = var.access_logging ? 1 : 0

  name                    = "${local.prefix}-${data.aws_caller_identity.current.account_id}-logs"
  force_destroy           = var.force_destroy
  noncurrent_version_days = 1
  log_sources             = ["access", "flow"]

  expirations = {
    access = { prefix = "access/", days = var.log_retention_days }
    flow   = { prefix = "flow/", days = var.log_retention_days }
  }
}

module "bucket" {
  source = "../../modules/bucket"

  name                    = "${local.prefix}-${data.aws_caller_identity.current.account_id}"
  force_destroy           = var.force_destroy
  noncurrent_version_days = var.noncurrent_version_days
  kms_key_arn             = local.kms_key_arn
  access_log              = var.access_logging ? { bucket = module.log_bucket[0].name } : null

  expirations = merge(
    {
      captures = { prefix = "captures/", days = var.capture_retention_days }
      images   = { prefix = "images/", days = var.capture_retention_days }
      # A job's checkpoint is replaced every epoch, and of no use once the job has ended well.
      checkpoints = { prefix = "checkpoints/", days = 30, noncurrent_days = 1 }
    },
    { for days in var.dataset_retention_days[*] : "datasets" => { prefix = "datasets/", days = days } },
  )

  # Artifacts are never deleted by age: a version of the registry that is pinned again needs its own.
  transitions = {
    old-artifacts = { prefix = "models/", days = var.archive_after_days }
    old-datasets  = { prefix = "datasets/", days = var.archive_after_days }
  }
}

module "training_role" {
  source = "../../modules/training_role"

  name                     = "${local.prefix}-training"
  bucket_arn               = module.bucket.arn
  kms_key_arn              = local.kms_key_arn
  vpc                      = local.vpc
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_sagemaker_model_package_group" "this" {
  model_package_group_name        = local.prefix
  model_package_group_description = "The image classifiers of ${local.prefix}, one version a training job."
}
