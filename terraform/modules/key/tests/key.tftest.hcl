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
}

variables {
  name        = "scones-test"
  description = "Encrypts what scones-test keeps."
}

run "rotates_and_can_be_brought_back" {
  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "The key must rotate."
  }

  assert {
    condition     = aws_kms_key.this.deletion_window_in_days == 30
    error_message = "A destroyed key must wait 30 days, unless asked otherwise."
  }

  assert {
    condition     = output.alias == "alias/scones-test"
    error_message = "The key must be found by its alias."
  }
}

run "is_open_to_no_service_that_was_not_named" {
  assert {
    condition = jsondecode(aws_kms_key.this.policy).Statement == [{
      Sid       = "LetPoliciesOfTheAccountDecide"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
    error_message = "Without services, the account alone must be named."
  }
}

run "lets_logs_and_publishers_use_it_for_what_they_are_named_for" {
  variables {
    log_groups = ["/aws/lambda/scones-test-*", "/aws/sagemaker/Endpoints/scones-test"]
    publishers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
  }

  assert {
    condition = jsondecode(aws_kms_key.this.policy).Statement[1] == {
      Sid       = "EncryptLogs"
      Effect    = "Allow"
      Principal = { Service = "logs.us-east-1.amazonaws.com" }
      Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
      Resource  = "*"
      Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = [
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/scones-test-*",
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/scones-test",
      ] } }
    }
    error_message = "CloudWatch Logs must be bound to the groups named."
  }

  assert {
    condition = jsondecode(aws_kms_key.this.policy).Statement[2] == {
      Sid       = "PublishToEncryptedTopics"
      Effect    = "Allow"
      Principal = { Service = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }
    error_message = "Publishers must be bound to the account."
  }
}

run "rejects_an_alias_of_aws_own" {
  command = plan

  variables {
    name = "aws/s3"
  }

  expect_failures = [var.name]
}

run "rejects_a_log_group_with_a_wildcard_inside" {
  command = plan

  variables {
    log_groups = ["/aws/*/scones"]
  }

  expect_failures = [var.log_groups]
}

run "rejects_a_publisher_that_is_no_service" {
  command = plan

  variables {
    publishers = ["*"]
  }

  expect_failures = [var.publishers]
}

run "rejects_a_key_that_is_gone_tomorrow" {
  command = plan

  variables {
    deletion_window_days = 1
  }

  expect_failures = [var.deletion_window_days]
}
