data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  arn       = "arn:${local.partition}:s3:::${var.name}"

  tls_statement = {
    Sid       = "RefuseWithoutTLS"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource  = [local.arn, "${local.arn}/*"]
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }

  # AWS services deliver logs under their own service principals. Each may write to its own folder, for this account
  # only.
  log_statements = {
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    access = [{
      Sid       = "TakeAccessLogs"
      Effect    = "Allow"
      Principal = { Service = "logging.s3.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${local.arn}/access/*"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
    # The Sids are AWS's own. If AWS does not find them in the policy, it adds the statements, which would be drift.
    # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
    flow = [for sid, given in {
      AWSLogDeliveryAclCheck = { action = "s3:GetBucketAcl", resource = local.arn, when = {} }
      AWSLogDeliveryWrite = {
        action   = "s3:PutObject"
        resource = "${local.arn}/flow/AWSLogs/${local.account}/*"
        when     = { "s3:x-amz-acl" = "bucket-owner-full-control" }
      }
      } : {
      Sid       = sid
      Effect    = "Allow"
      Principal = { Service = "delivery.logs.amazonaws.com" }
      Action    = given.action
      Resource  = given.resource
      Condition = {
        StringEquals = merge({ "aws:SourceAccount" = local.account }, given.when)
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:logs:${data.aws_region.current.id}:${local.account}:*" }
      }
    }]
  }
}

resource "aws_s3_bucket" "this" {
  bucket        = var.name
  force_destroy = var.force_destroy

  #checkov:skip=CKV_AWS_144:all content can be made again: data sets from their archive, models by training; versions guard against mistakes
  #checkov:skip=CKV2_AWS_62:nothing reacts to new objects; the caller with an image starts the execution
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    # A bucket key reduces the calls to KMS. Without it, S3 calls KMS for every object:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# The bucket's owner owns every object, whoever writes it. ACLs are off.
resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([local.tls_statement], flatten([for source in sort(var.log_sources) : local.log_statements[source]]))
  })

  # S3 answers OperationAborted when a bucket's policy and its public access block change at once.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_logging" "this" {
  count = var.access_log == null ? 0 : 1

  bucket        = aws_s3_bucket.this.id
  target_bucket = var.access_log.bucket
  target_prefix = "access/${var.name}/"
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "superseded-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_version_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = var.expirations

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      expiration {
        days = rule.value.days
      }

      # If two rules cover an object, S3 uses the rule that deletes it first.
      dynamic "noncurrent_version_expiration" {
        for_each = rule.value.noncurrent_days[*]

        content {
          noncurrent_days = noncurrent_version_expiration.value
        }
      }
    }
  }

  dynamic "rule" {
    for_each = var.transitions

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      transition {
        days          = rule.value.days
        storage_class = rule.value.storage_class
      }
    }
  }

  # Without versioning, there are no noncurrent versions.
  depends_on = [aws_s3_bucket_versioning.this]
}
