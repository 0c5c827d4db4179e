# What training needs: somewhere to keep data sets, artifacts and captures, the role of a training job, and the group
# that trained models are registered in.

data "aws_caller_identity" "current" {}

locals {
  prefix = "scones-${var.environment}"
}

module "bucket" {
  source = "../../modules/bucket"

  name                    = "${local.prefix}-${data.aws_caller_identity.current.account_id}"
  force_destroy           = var.force_destroy
  noncurrent_version_days = var.noncurrent_version_days

  expirations = {
    captures = { prefix = "captures/", days = var.capture_retention_days }
    images   = { prefix = "images/", days = var.capture_retention_days }
    # A job's checkpoint is replaced every epoch, and of no use once the job has ended well.
    checkpoints = { prefix = "checkpoints/", days = 30, noncurrent_days = 1 }
  }
}

module "training_role" {
  source = "../../modules/training_role"

  name       = "${local.prefix}-training"
  bucket_arn = module.bucket.arn
}

resource "aws_sagemaker_model_package_group" "this" {
  model_package_group_name        = local.prefix
  model_package_group_description = "The image classifiers of ${local.prefix}, one version a training job."
}
