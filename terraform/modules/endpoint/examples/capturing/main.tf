# An endpoint on a model that a training job has left in a bucket, which captures every request beside it.

variable "bucket" {
  description = "The bucket of artifacts and captures."
  type        = string
  nullable    = false
}

variable "artifact_uri" {
  description = "The model artifact in it, s3://BUCKET/models/…/model.tar.gz."
  type        = string
  nullable    = false
}

variable "artifact_sha256" {
  description = "The artifact's SHA-256, in hexadecimal."
  type        = string
  nullable    = false
}

# Each region keeps the built-in algorithms' images in an account of its own, which the provider knows.
data "aws_sagemaker_prebuilt_ecr_image" "this" {
  repository_name = "image-classification"
  image_tag       = "1"
}

module "endpoint" {
  source = "../.."

  name            = "scones-example"
  image_uri       = data.aws_sagemaker_prebuilt_ecr_image.this.registry_path
  artifact_uri    = var.artifact_uri
  artifact_sha256 = var.artifact_sha256
  capture_uri     = "s3://${var.bucket}/captures"
}

output "endpoint_name" {
  description = "The endpoint's name, for: aws sagemaker-runtime invoke-endpoint --endpoint-name"
  value       = module.endpoint.name
}
