data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  arn_of     = "arn:${local.partition}:%s:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:%s"
  machine    = "${var.name}-classify-batch"
  bucket_arn = "arn:${local.partition}:s3:::${var.bucket}"

  # What the runs of batches read and write: manifests, results and answers.
  files = "${local.bucket_arn}/batches/*"

  image_buckets = distinct([for arn in var.image_arns : split("/", arn)[0]])

  # A distributed Map starts its executions as its own role, reads its items and writes its results:
  # https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
  machine_allow = merge(
    {
      StartItsChildren = { actions = ["states:StartExecution"], resources = [format(local.arn_of, "states", "stateMachine:${local.machine}")] }
      FollowAndStopItsChildren = {
        actions   = ["states:DescribeExecution", "states:StopExecution"]
        resources = [format(local.arn_of, "states", "execution:${local.machine}:*"), format(local.arn_of, "states", "execution:${local.machine}/*")]
      }
      ListImages = { actions = ["s3:ListBucket"], resources = local.image_buckets }
      # Step Functions writes large results in parts, and reads what it has written.
      ReadManifestsAndWriteResults = {
        actions   = ["s3:GetObject", "s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
        resources = [local.files]
      }
    },
    # S3 needs both for an object in parts:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
    { for arn in var.kms_key_arn[*] : "EncryptResults" => { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [arn] } },
  )
}

module "function" {
  source = "../function"

  name            = "${var.name}-classify-batch"
  description     = "Reads, classifies and judges the images of a batch."
  package         = var.package
  package_store   = { bucket = var.bucket }
  memory_mb       = var.memory_mb
  timeout_seconds = 60
  environment     = var.environment
  allow           = var.allow

  log_retention_days       = var.log_retention_days
  kms_key_arn              = var.kms_key_arn
  vpc                      = var.vpc
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "state_machine" {
  source = "../state_machine"

  name = local.machine
  definition = templatefile(var.definition, {
    partition                    = local.partition
    classify_batch_arn           = module.function.arn
    bucket                       = var.bucket
    images_a_child               = var.images_a_child
    at_most                      = var.at_most
    tolerated_failure_percentage = var.tolerated_failure_percentage
  })
  function_arns = [module.function.arn]
  allow         = local.machine_allow

  log_retention_days       = var.log_retention_days
  kms_key_arn              = var.kms_key_arn
  permissions_boundary_arn = var.permissions_boundary_arn
}
