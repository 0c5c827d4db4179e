mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { id = "us-east-1" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:scones-test", url = "https://sqs.us-east-1.amazonaws.com/123456789012/scones-test" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:us-east-1:123456789012:rule/scones-test" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/scones-test" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/scones-test" }
  }
}

variables {
  name              = "scones-test"
  bucket            = "scones-test-123456789012"
  state_machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:scones-test-classify-image"
  packages          = { start_workflow = "./tests/package.zip", record_result = "./tests/package.zip" }
}

run "takes_all_objects_under_the_prefix_and_lets_the_function_look_at_their_ends" {
  assert {
    condition     = jsonencode(local.patterns.arrivals.detail.object.key) == jsonencode([{ prefix = "incoming/" }])
    error_message = "A pattern cannot ask for a prefix and, in any case of letters, for a suffix."
  }

  assert {
    condition     = local.start_environment.SUFFIXES == jsonencode([".png", ".jpg", ".jpeg"])
    error_message = "The function must know the suffixes."
  }

  assert {
    condition     = output.queues["arrivals"].name != output.queues["endings"].name && aws_s3_bucket_notification.this.eventbridge
    error_message = "S3 must tell EventBridge, and the two queues differ."
  }
}

run "lets_results_be_read_and_written_and_nothing_else" {
  assert {
    condition = jsonencode(local.record_allow) == jsonencode({
      ReceiveEndings = {
        actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        resources = ["arn:aws:sqs:us-east-1:123456789012:scones-test-endings"]
      }
      WriteResults = { actions = ["s3:GetObject", "s3:PutObject"], resources = ["arn:aws:s3:::scones-test-123456789012/results/*"] }
      TellResults  = { actions = ["events:PutEvents"], resources = ["arn:aws:events:us-east-1:123456789012:event-bus/default"] }
    })
    error_message = "A result is read before it is written over, and the function reaches nothing else: ${jsonencode(local.record_allow)}"
  }
}

run "waits_for_its_executions_in_a_network_with_a_key_and_a_boundary" {
  variables {
    at_most                  = 4
    kms_key_arn              = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    vpc                      = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
  }

  assert {
    condition     = local.starting_seconds == 900 && length(output.functions) == 2
    error_message = "A function that waits for an execution must have the time for it."
  }

  assert {
    condition     = local.record_allow.EncryptResults.actions == ["kms:Decrypt", "kms:GenerateDataKey"] && local.record_allow.EncryptResults.resources == [var.kms_key_arn]
    error_message = "The results are encrypted with the bucket's key."
  }
}

run "refuses_results_that_would_be_arrivals" {
  command = plan

  variables {
    prefix  = "pictures/"
    results = "pictures/results"
  }

  expect_failures = [var.results]
}

run "rejects_results_with_a_slash_at_the_end" {
  command = plan

  variables {
    results = "results/"
  }

  expect_failures = [var.results]
}

run "rejects_results_that_contain_the_prefix" {
  command = plan

  variables {
    prefix  = "inbox/new/"
    results = "inbox"
  }

  expect_failures = [var.results]
}

run "rejects_a_prefix_that_is_no_folder" {
  command = plan

  variables {
    prefix = "incoming"
  }

  expect_failures = [var.prefix]
}

run "rejects_a_suffix_with_a_wildcard" {
  command = plan

  variables {
    suffixes = ["*.png"]
  }

  expect_failures = [var.suffixes]
}

run "rejects_one_execution_at_once" {
  command = plan

  variables {
    at_most = 1
  }

  expect_failures = [var.at_most]
}

run "rejects_a_state_machine_by_name" {
  command = plan

  variables {
    state_machine_arn = "scones-test-classify-image"
  }

  expect_failures = [var.state_machine_arn]
}

run "rejects_a_name_with_a_dot" {
  command = plan

  variables {
    name = "scones.test"
  }

  expect_failures = [var.name]
}
