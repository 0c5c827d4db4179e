# The stack that is applied first. It has the bucket for the state of every stack, including its own, the roles of a
# pipeline, and the permissions boundary of every role that the pipeline makes.
#
# Terraform cannot store its state in a bucket that does not exist yet. So `invoke tf.apply` creates the bucket if it is
# missing, and this stack imports it.

locals {
  # The settings of the other stacks. The roles get permissions only for the features that these settings turn on. After
  # a new feature is turned on there, a person must apply this stack first.
  told = {
    for stack in ["foundation", "service", "model"] :
    stack => try(jsondecode(file("${path.module}/../../environments/${var.environment}/${stack}.tfvars.json")), {})
  }

  # Further buckets that the environment's roles may read: those of images, and that of a pinned model from elsewhere.
  read_buckets = distinct(concat(
    try(local.told.service.image_buckets, []),
    [for uri in try([local.told.model.model.artifact_uri], []) : split("/", uri)[2]],
  ))
}

import {
  to = aws_s3_bucket.state
  id = var.state_bucket
}

resource "aws_s3_bucket" "state" {
  bucket = var.state_bucket

  lifecycle {
    # Terraform needs the state in this bucket to destroy all other resources. `invoke tf.destroy --stack bootstrap`
    # deletes the bucket last.
    prevent_destroy = true
  }

  #checkov:skip=CKV_AWS_18:CloudTrail records who made a change, and the versions of the state show what it was
  #checkov:skip=CKV_AWS_144:the versions guard against mistakes, and terraform import can rebuild a lost state
  #checkov:skip=CKV_AWS_145:state_kms_key_arn is optional; a key of this stack would be needed to read the state that contains it
  #checkov:skip=CKV2_AWS_61:every version of a state is kept; each has a few kilobytes
  #checkov:skip=CKV2_AWS_62:nothing reacts to a change of the state; plans find drift
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    bucket_key_enabled = var.state_kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.state_kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.state_kms_key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket = aws_s3_bucket.state.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RefuseWithoutTLS"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 answers OperationAborted when a bucket's policy and its public access block change at once.
  depends_on = [aws_s3_bucket_public_access_block.state]
}

module "github_roles" {
  source = "../../modules/github_roles"
  count  = var.github_repository == null ? 0 : 1

  prefix                 = "scones-${var.environment}"
  repository             = var.github_repository
  deployment_environment = var.environment
  state_bucket           = aws_s3_bucket.state.id
  oidc_provider_arn      = var.github_oidc_provider_arn
  state_kms_key_arn      = var.state_kms_key_arn

  read_buckets                 = [for name in local.read_buckets : name if !startswith(name, "scones-${var.environment}-")]
  permissions_boundary_arn     = try(local.told.foundation.permissions_boundary_arn, null)
  own_permissions_boundary_arn = var.pipeline_permissions_boundary_arn

  options = {
    customer_managed_key = try(local.told.foundation.customer_managed_key, false)
    vpc                  = try(local.told.foundation.vpc != null, false)
    autoscaling          = try(local.told.service.endpoint_autoscaling != null, false)
    emails               = try(length(local.told.service.alarm_emails) > 0, false)
    budget               = try(local.told.service.monthly_budget_usd != null, false)
    hours                = try(local.told.service.endpoint_hours != null, false)
    arrival              = try(local.told.service.arrival != null, false)
    batch                = try(local.told.service.batch != null, false)
  }
}
