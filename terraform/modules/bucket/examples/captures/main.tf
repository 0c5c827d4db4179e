# A bucket that deletes captures after 90 days. Training replaces a checkpoint in every epoch. S3 deletes the old
# versions of checkpoints after one day.

data "aws_caller_identity" "current" {}

module "bucket" {
  source = "../.."

  name                    = "scones-example-${data.aws_caller_identity.current.account_id}"
  force_destroy           = true
  noncurrent_version_days = 7

  expirations = {
    captures    = { prefix = "captures/", days = 90 }
    checkpoints = { prefix = "checkpoints/", days = 30, noncurrent_days = 1 }
  }
}
