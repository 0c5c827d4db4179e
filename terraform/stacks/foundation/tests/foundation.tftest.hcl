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

  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/1" }
  }

  mock_resource "aws_vpc_endpoint" {
    defaults = { prefix_list_id = "pl-63a5400a" }
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

run "has_no_key_and_no_network_unless_asked" {
  command = plan

  assert {
    condition     = output.kms_key_arn == null && output.vpc == null && output.permissions_boundary_arn == null
    error_message = "Key, network and boundary must be options."
  }

  assert {
    condition     = length(module.key) == 0 && length(module.network) == 0 && length(module.log_bucket) == 0
    error_message = "Nothing that costs money may be there unasked."
  }
}

run "uses_one_key_one_network_and_one_boundary_for_everything" {
  variables {
    customer_managed_key     = true
    vpc                      = { availability_zones = 3 }
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    access_logging           = true
    dataset_retention_days   = 365
  }

  assert {
    condition     = output.kms_key_arn == "arn:aws:kms:us-east-1:123456789012:key/1"
    error_message = "The key must be given to the stacks above."
  }

  assert {
    condition     = length(output.vpc.subnet_ids) == 3 && length(output.vpc.security_group_ids) == 1
    error_message = "The network's subnets and security group must be given to the stacks above."
  }

  assert {
    condition     = output.permissions_boundary_arn == "arn:aws:iam::123456789012:policy/boundary"
    error_message = "The boundary must be given to the stacks above."
  }

  assert {
    condition     = module.log_bucket[0].arn == "arn:aws:s3:::scones-test-123456789012-logs"
    error_message = "Requests and traffic must be recorded in a bucket of their own."
  }
}

run "rejects_a_network_in_which_functions_cannot_call_the_endpoint" {
  command = plan

  variables {
    vpc = { interface_endpoints = ["logs"] }
  }

  expect_failures = [var.vpc]
}

run "is_destroyed_with_its_objects_only_when_asked" {
  command = plan

  variables {
    force_destroy        = true
    customer_managed_key = true
  }

  assert {
    condition     = length(module.key) == 1 && module.bucket.arn == "arn:aws:s3:::scones-test-123456789012"
    error_message = "Everything must have its name all the same."
  }
}

run "rejects_an_environment_with_a_hyphen" {
  command = plan

  variables {
    environment = "test-2"
  }

  expect_failures = [var.environment]
}
