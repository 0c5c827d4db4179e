# The role of training jobs, for an existing bucket.

variable "bucket" {
  description = "The bucket with the data sets and the artifacts."
  type        = string
  nullable    = false
}

module "training_role" {
  source = "../.."

  name       = "scones-example-training"
  bucket_arn = "arn:aws:s3:::${var.bucket}"
}
