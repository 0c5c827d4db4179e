data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = "${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"
  bucket_arn = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"
  machine    = split(":", var.state_machine_arn)[6]
  executions = "arn:${data.aws_partition.current.partition}:states:${local.account}:execution:${local.machine}:*"
  bus        = "arn:${data.aws_partition.current.partition}:events:${local.account}:event-bus/default"

  patterns = {
    arrivals = {
      source      = ["aws.s3"]
      detail-type = ["Object Created"]
      detail = {
        bucket = { name = [var.bucket] }
        # The function looks at the suffixes. Of the conditions of one field, one is enough, and a wildcard tells .jpg from
        # .Jpg: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
        object = { key = [{ prefix = var.prefix }] }
      }
    }
    endings = {
      source      = ["aws.states"]
      detail-type = ["Step Functions Execution Status Change"]
      detail = {
        stateMachineArn = [var.state_machine_arn]
        name            = [{ prefix = "arrival-" }]
        status          = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
      }
    }
  }

  # The state machine may take fifteen minutes. A function that waits for it lives as long as Lambda allows.
  starting_seconds = var.at_most == null ? 30 : 900

  start_environment = merge(
    { STATE_MACHINE_ARN = var.state_machine_arn, SUFFIXES = jsonencode(var.suffixes) },
    { for number in var.at_most[*] : "AT_MOST" => tostring(number) },
  )

  receive = {
    actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
  }

  record_allow = merge(
    {
      ReceiveEndings = merge(local.receive, { resources = ["arn:${data.aws_partition.current.partition}:sqs:${local.account}:${var.name}-endings"] })
      # A result is written only over an earlier one, so it is read first:
      # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
      WriteResults = { actions = ["s3:GetObject", "s3:PutObject"], resources = ["${local.bucket_arn}/${var.results}/*"] }
      TellResults  = { actions = ["events:PutEvents"], resources = [local.bus] }
    },
    # S3 encrypts the results with the bucket's key:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    { for arn in var.kms_key_arn[*] : "EncryptResults" => { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [arn] } },
  )
}

# S3 sends the events of this bucket to EventBridge. A bucket has one such configuration.
resource "aws_s3_bucket_notification" "this" {
  bucket      = var.bucket
  eventbridge = true
}

module "arrivals" {
  source = "../queue"

  name          = "${var.name}-arrivals"
  description   = "Objects that arrive under ${var.prefix} of ${var.bucket}."
  event_pattern = jsonencode(local.patterns.arrivals)

  function_name   = module.start.name
  timeout_seconds = local.starting_seconds
  # A function that waits for its execution waits for one.
  batch_size     = var.at_most == null ? 10 : 1
  at_most        = var.at_most
  retention_days = 14
}

module "start" {
  source = "../function"

  name            = "${var.name}-start-workflow"
  description     = "Starts an execution for each object that arrives."
  package         = var.packages.start_workflow
  package_store   = { bucket = var.bucket }
  memory_mb       = 128
  timeout_seconds = local.starting_seconds
  environment     = local.start_environment
  allow = merge(
    {
      ReceiveArrivals = merge(local.receive, { resources = ["arn:${data.aws_partition.current.partition}:sqs:${local.account}:${var.name}-arrivals"] })
      StartExecutions = { actions = ["states:StartExecution"], resources = [var.state_machine_arn] }
    },
    { for number in var.at_most[*] : "WaitForExecutions" => { actions = ["states:DescribeExecution"], resources = [local.executions] } },
  )

  log_retention_days       = var.log_retention_days
  kms_key_arn              = var.kms_key_arn
  vpc                      = var.vpc
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "endings" {
  source = "../queue"

  name          = "${var.name}-endings"
  description   = "Executions of ${local.machine} that began with an arrival, and have ended."
  event_pattern = jsonencode(local.patterns.endings)

  function_name   = module.record.name
  timeout_seconds = 30
  retention_days  = 14
}

module "record" {
  source = "../function"

  name            = "${var.name}-record-result"
  description     = "Writes the result of an execution to the bucket, and tells it to EventBridge."
  package         = var.packages.record_result
  package_store   = { bucket = var.bucket }
  memory_mb       = 128
  timeout_seconds = 30
  environment     = { BUCKET = var.bucket, RESULTS = var.results, SOURCE = var.name }
  allow           = local.record_allow

  log_retention_days       = var.log_retention_days
  kms_key_arn              = var.kms_key_arn
  vpc                      = var.vpc
  permissions_boundary_arn = var.permissions_boundary_arn
}
