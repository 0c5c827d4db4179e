# The images of a bucket are classified in batches, by an endpoint or by transform jobs.
# Build the function's zip first: invoke package

variable "bucket" {
  description = "The bucket with the images and the model."
  type        = string
}

variable "artifact_uri" {
  description = "The S3 URI of the model's artifact."
  type        = string
}

variable "artifact_sha256" {
  description = "The artifact's SHA-256."
  type        = string
}

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

module "batch" {
  source = "../.."

  name       = "scones-example"
  bucket     = var.bucket
  image_arns = ["arn:aws:s3:::${var.bucket}/images/*"]
  definition = "${path.module}/../../../../../asl/classify_batch.asl.json"
  package    = "${path.module}/../../../../../build/lambdas/classify_batch.zip"
  at_most    = 4

  environment = {
    ENDPOINT_NAME        = "scones-example"
    CLASS_LABELS         = jsonencode(["bicycle", "motorcycle"])
    MODEL_PACKAGE        = "arn:aws:sagemaker:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:model-package/scones-example/1"
    CONFIDENCE_THRESHOLD = "0.8"
    PINNED_VARIANT       = "AllTraffic"
  }

  allow = {
    ReadImages     = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::${var.bucket}/images/*"] }
    InvokeEndpoint = { actions = ["sagemaker:InvokeEndpoint"], resources = ["arn:aws:sagemaker:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:endpoint/scones-example"] }
  }

  model = {
    image_uri       = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
    artifact_uri    = var.artifact_uri
    artifact_sha256 = var.artifact_sha256
  }
}
