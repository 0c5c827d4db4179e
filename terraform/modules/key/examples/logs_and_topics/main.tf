# A key for the log groups of one environment, and for an SNS topic that alarms publish to.

module "key" {
  source = "../.."

  name                 = "scones-example"
  description          = "Encrypts what the example keeps."
  log_groups           = ["/aws/lambda/scones-example-*"]
  publishers           = ["cloudwatch.amazonaws.com"]
  deletion_window_days = 7
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/scones-example-encrypted"
  retention_in_days = 7
  kms_key_id        = module.key.arn

  #checkov:skip=CKV_AWS_338:an example, which is gone in an hour
}
