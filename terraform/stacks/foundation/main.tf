# The resources that training needs: the bucket of data sets, artifacts and captures, the role of training jobs, and the
# model package group. Optional resources for both stacks: a KMS key, a network, and a bucket of access and flow logs.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  prefix      = "scones-${var.environment}"
  kms_key_arn = one(module.key[*].arn)
  vpc         = one(module.network[*].vpc)

  # The bootstrap stack makes a permissions boundary with the roles of a pipeline. These roles can create only roles that
  # have it.
  has_pipeline  = try(jsondecode(file("${path.module}/../../environments/${var.environment}/bootstrap.tfvars.json")).github_repository, null) != null
  made_boundary = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:policy/ci-${local.prefix}-boundary"

  permissions_boundary_arn = var.permissions_boundary_arn != null ? var.permissions_boundary_arn : local.has_pipeline ? local.made_boundary : null
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
  bucket_accounts     = var.vpc.bucket_accounts
  # This uses the output name instead of arn. Terraform knows arn before the bucket's policy allows flow logs.
  flow_log = var.access_logging ? { bucket_arn = "arn:${data.aws_partition.current.partition}:s3:::${module.log_bucket[0].name}" } : null
}

# S3 encrypts this bucket with its own key, because a bucket with a KMS key cannot receive access logs.
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
      # A job replaces its checkpoint in every epoch, and does not need it after it has completed.
      checkpoints = { prefix = "checkpoints/", days = 30, noncurrent_days = 1 }
    },
    { for days in var.dataset_retention_days[*] : "datasets" => { prefix = "datasets/", days = days } },
  )

  # No rule deletes artifacts. A rollback to an old model version needs its artifact.
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
  permissions_boundary_arn = local.permissions_boundary_arn
}

resource "aws_sagemaker_model_package_group" "this" {
  model_package_group_name        = local.prefix
  model_package_group_description = "The image classifiers of ${local.prefix}, one version a training job."
}
