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

run "rotates_and_waits_thirty_days_before_its_deletion" {
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

run "allows_only_the_account_when_no_service_is_named" {
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

run "allows_each_named_log_group_and_publisher_its_own_use" {
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

run "rejects_a_publisher_that_is_not_a_service" {
  command = plan

  variables {
    publishers = ["*"]
  }

  expect_failures = [var.publishers]
}

run "rejects_a_deletion_window_of_one_day" {
  command = plan

  variables {
    deletion_window_days = 1
  }

  expect_failures = [var.deletion_window_days]
}
