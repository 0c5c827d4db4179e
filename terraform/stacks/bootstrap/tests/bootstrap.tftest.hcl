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
    condition     = length(module.github_roles) == 0 && length(output.github_role_arns) == 0 && output.permissions_boundary_arn == null
    error_message = "No repository, no roles."
  }
}

run "keeps_every_version_of_the_state_and_refuses_plain_http" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "A broken state must be recoverable."
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.state.policy).Statement == [{
      Sid       = "RefuseWithoutTLS"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::scones-test-tfstate-123456789012", "arn:aws:s3:::scones-test-tfstate-123456789012/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "The state must never cross the network in the clear."
  }
}

run "makes_two_roles_with_the_pipelines_boundary_for_a_repository" {
  command = plan

  variables {
    github_repository                 = "owner/scones"
    github_oidc_provider_arn          = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    pipeline_permissions_boundary_arn = "arn:aws:iam::123456789012:policy/pipelines"
  }

  assert {
    condition     = toset(keys(output.github_role_arns)) == toset(["plan", "apply"])
    error_message = "Workflows must have a role to plan with and one to apply with."
  }

  assert {
    condition     = output.permissions_boundary_arn == "arn:aws:iam::123456789012:policy/ci-scones-test-boundary"
    error_message = "The roles that the pipeline makes must have a boundary."
  }
}

run "encrypts_the_state_with_the_given_key" {
  command = plan

  variables {
    state_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition = one(one(aws_s3_bucket_server_side_encryption_configuration.state.rule).apply_server_side_encryption_by_default) == {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    }
    error_message = "The bucket must encrypt with the key."
  }
}

run "reads_the_options_of_the_environments_files" {
  command = plan

  variables {
    environment       = "dev"
    github_repository = "owner/scones"
  }

  assert {
    condition     = local.told.service.confidence_threshold > 0 && local.told.foundation.force_destroy
    error_message = "The files of the environment must have been read."
  }
}

run "rejects_an_environment_in_capitals" {
  command = plan

  variables {
    environment = "Test"
  }

  expect_failures = [var.environment]
}
