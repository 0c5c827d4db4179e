# A function that reads the images in one folder. Build its zip first: invoke package

data "aws_caller_identity" "current" {}

locals {
  bucket = "arn:aws:s3:::scones-example-${data.aws_caller_identity.current.account_id}"
}

module "function" {
  source = "../.."

  name            = "scones-example-serialize-image-data"
  description     = "Reads an image from S3 and checks that it is a PNG or JPEG."
  package         = "${path.module}/../../../../../build/lambdas/serialize_image_data.zip"
  memory_mb       = 512
  timeout_seconds = 25

  allow = {
    ReadImages               = { actions = ["s3:GetObject"], resources = ["${local.bucket}/images/*"] }
    TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [local.bucket] }
  }
}
