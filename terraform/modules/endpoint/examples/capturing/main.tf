# An endpoint that serves the model of a training job. It captures every request and stores the captures in the
# bucket of the model.

variable "bucket" {
  description = "The bucket with the artifact. The captures are stored there too."
  type        = string
  nullable    = false
}

variable "artifact_uri" {
  description = "The model artifact, as s3://BUCKET/models/…/model.tar.gz."
  type        = string
  nullable    = false
}

variable "artifact_sha256" {
  description = "The artifact's SHA-256, in hexadecimal."
  type        = string
  nullable    = false
}

# AWS stores the images of the built-in algorithms in a different account in each region. The provider knows the
# accounts.
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
