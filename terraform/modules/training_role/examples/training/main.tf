# What training jobs run with, on a bucket that is there already.

variable "bucket" {
  description = "The bucket of data sets and artifacts."
  type        = string
  nullable    = false
}

module "training_role" {
  source = "../.."

  name       = "scones-example-training"
  bucket_arn = "arn:aws:s3:::${var.bucket}"
}
