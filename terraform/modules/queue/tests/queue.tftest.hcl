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
    defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:scones-test-arrivals", url = "https://sqs.us-east-1.amazonaws.com/123456789012/scones-test-arrivals" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:us-east-1:123456789012:rule/scones-test-arrivals" }
  }
}

variables {
  name          = "scones-test-arrivals"
  description   = "Objects that arrive."
  event_pattern = "{\"source\": [\"aws.s3\"]}"

  function_name   = "scones-test-start-workflow"
  timeout_seconds = 30
}

run "keeps_what_fails_and_hides_a_message_for_six_timeouts" {
  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 5 }
    error_message = "What fails five times must become a dead letter."
  }

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 180 && aws_sqs_queue.dead.message_retention_seconds == 1209600
    error_message = "A message must stay hidden while its function may run, and dead letters must stay as long as SQS allows."
  }

  assert {
    condition     = aws_cloudwatch_event_target.this.dead_letter_config[0].arn == aws_sqs_queue.dead.arn
    error_message = "What EventBridge cannot deliver must become a dead letter."
  }
}

run "takes_messages_from_its_own_rule_only" {
  assert {
    condition = alltrue([for queue in [aws_sqs_queue.this, aws_sqs_queue.dead] : jsondecode(queue.policy).Statement == [{
      Sid       = "TakeEventsOfTheRule"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:us-east-1:123456789012:${queue.name}"
      Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:events:us-east-1:123456789012:rule/scones-test-arrivals" } }
    }]])
    error_message = "Only the queue's rule may fill it."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.dead.redrive_allow_policy) == {
      redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:us-east-1:123456789012:scones-test-arrivals"]
    }
    error_message = "The dead letters must be those of the queue."
  }
}

run "tells_single_failures_and_limits_the_invocations" {
  variables {
    at_most    = 3
    batch_size = 1
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this.function_response_types == toset(["ReportBatchItemFailures"]) && aws_lambda_event_source_mapping.this.scaling_config[0].maximum_concurrency == 3
    error_message = "Only failed messages may come again, to three invocations at once."
  }
}

run "rejects_one_invocation_at_once" {
  command = plan

  variables {
    at_most = 1
  }

  expect_failures = [var.at_most]
}

run "rejects_a_pattern_that_is_not_json" {
  command = plan

  variables {
    event_pattern = "aws.s3"
  }

  expect_failures = [var.event_pattern]
}

run "rejects_a_function_without_a_timeout" {
  command = plan

  variables {
    timeout_seconds = 0
  }

  expect_failures = [var.timeout_seconds]
}

run "rejects_a_batch_of_eleven" {
  command = plan

  variables {
    batch_size = 11
  }

  expect_failures = [var.batch_size]
}

run "rejects_a_name_without_room_for_the_dead_letters" {
  command = plan

  variables {
    name = "scones-test-arrivals-with-a-name-that-is-much-too-long-for-a-rule"
  }

  expect_failures = [var.name]
}

run "rejects_messages_that_are_never_tried" {
  command = plan

  variables {
    receives = 0
  }

  expect_failures = [var.receives]
}

run "rejects_messages_that_are_kept_for_a_month" {
  command = plan

  variables {
    retention_days = 30
  }

  expect_failures = [var.retention_days]
}
