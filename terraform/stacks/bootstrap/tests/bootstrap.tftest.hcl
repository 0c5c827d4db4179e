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

# What is imported cannot come from a mock.
override_resource {
  target = aws_s3_bucket.state
  values = {
    id  = "scones-test-tfstate-123456789012"
    arn = "arn:aws:s3:::scones-test-tfstate-123456789012"
  }
}

variables {
  environment  = "test"
  state_bucket = "scones-test-tfstate-123456789012"
}

run "makes_no_roles_without_a_repository" {
  command = plan

  assert {
    condition     = length(module.github_roles) == 0 && length(output.github_role_arns) == 0
    error_message = "No repository, no roles."
  }
}

run "keeps_every_version_of_the_state_and_refuses_plain_http" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "A broken state must be recoverable."
  }
}

run "rejects_an_environment_in_capitals" {
  command = plan

  variables {
    environment = "Test"
  }

  expect_failures = [var.environment]
}
