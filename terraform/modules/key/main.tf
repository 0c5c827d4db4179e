data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  # In a key policy, the resource "*" means the policy's own key:
  # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
  this_key = "*"

  # Without this statement, IAM policies cannot allow access to the key, and the key can become unmanageable:
  # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
  account_statement = {
    Sid       = "LetPoliciesOfTheAccountDecide"
    Effect    = "Allow"
    Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
    Action    = "kms:*"
    Resource  = local.this_key
  }

  # CloudWatch Logs gives the log group's ARN in the encryption context:
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
  logs_statement = {
    Sid       = "EncryptLogs"
    Effect    = "Allow"
    Principal = { Service = "logs.${local.region}.amazonaws.com" }
    Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    Resource  = local.this_key
    Condition = {
      ArnLike = {
        "kms:EncryptionContext:aws:logs:arn" = [
          for name in var.log_groups : "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${name}"
        ]
      }
    }
  }

  # A service that publishes to an encrypted topic uses the key under its own service principal:
  # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
  publishers_statement = {
    Sid       = "PublishToEncryptedTopics"
    Effect    = "Allow"
    Principal = { Service = var.publishers }
    Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
    Resource  = local.this_key
    Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
  }
}

resource "aws_kms_key" "this" {
  description             = var.description
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.account_statement],
      length(var.log_groups) > 0 ? [local.logs_statement] : [],
      length(var.publishers) > 0 ? [local.publishers_statement] : [],
    )
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
