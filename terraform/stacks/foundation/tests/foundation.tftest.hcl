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

  mock_data "aws_sagemaker_prebuilt_ecr_image" {
    defaults = { registry_id = "811284229777" }
  }
}

variables {
  environment = "test"
}

run "names_everything_after_environment_and_account" {
  command = plan

  assert {
    condition     = module.bucket.arn == "arn:aws:s3:::scones-test-123456789012"
    error_message = "The bucket's name must hold the environment and the account."
  }

  assert {
    condition     = output.model_package_group_name == "scones-test"
    error_message = "The group must be named after the environment."
  }
}

run "rejects_an_environment_with_a_hyphen" {
  command = plan

  variables {
    environment = "test-2"
  }

  expect_failures = [var.environment]
}
