mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/scones-test-hosting" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/scones-test" }
  }
}

variables {
  name            = "scones-test"
  image_uri       = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
  artifact_uri    = "s3://pictures/models/job-1/output/model.tar.gz"
  artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000001"
  capture_uri     = "s3://pictures/captures"
}

run "captures_all_of_both_directions_as_json" {
  assert {
    condition = (
      aws_sagemaker_endpoint_configuration.this.data_capture_config[0].enable_capture &&
      aws_sagemaker_endpoint_configuration.this.data_capture_config[0].initial_sampling_percentage == 100
    )
    error_message = "Every request must be captured."
  }

  assert {
    condition     = [for option in aws_sagemaker_endpoint_configuration.this.data_capture_config[0].capture_options : option.capture_mode] == ["Input", "Output"]
    error_message = "Requests and answers must both be captured."
  }

  assert {
    condition     = one(aws_sagemaker_endpoint_configuration.this.data_capture_config[0].capture_content_type_header[0].json_content_types) == "application/json"
    error_message = "Answers must be captured as JSON."
  }
}

run "may_do_what_hosting_this_model_needs" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => statement.Resource } == {
      ReadArtifacts           = "arn:aws:s3:::pictures/models/*"
      WriteCaptures           = "arn:aws:s3:::pictures/captures/scones-test/*"
      WriteLogs               = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/scones-test:*"
      PutMetrics              = "*"
      LogInToTheImageRegistry = "*"
      PullTheImage            = "arn:aws:ecr:us-east-1:811284229777:repository/image-classification"
    }
    error_message = "Each statement must name its own artifacts, captures, logs and image."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Condition if statement.Sid == "PutMetrics"] == [
      { StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/Endpoints" } },
    ]
    error_message = "Metrics must be bound to the endpoints' namespace."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition == { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    error_message = "The role's trust must be bound to the account."
  }

  assert {
    condition     = aws_sagemaker_model.this.enable_network_isolation
    error_message = "The container must have no network."
  }
}

run "reads_an_artifact_at_the_buckets_root_and_nothing_else_there" {
  command = plan

  variables {
    artifact_uri = "s3://pictures/model.tar.gz"
  }

  assert {
    condition     = local.artifacts_arn == "arn:aws:s3:::pictures/model.tar.gz"
    error_message = "An artifact that lies in no folder must be named itself."
  }
}

run "names_a_new_model_and_configuration_after_new_content" {
  variables {
    artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000002"
  }

  assert {
    condition     = aws_sagemaker_model.this.name != run.may_do_what_hosting_this_model_needs.model_name
    error_message = "Another artifact must give another model name."
  }

  assert {
    condition     = aws_sagemaker_endpoint_configuration.this.name != run.may_do_what_hosting_this_model_needs.configuration_name
    error_message = "Another model must give another configuration name."
  }
}

run "keeps_the_model_when_only_instances_change" {
  variables {
    artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000002"
    instance_type   = "ml.m5.xlarge"
  }

  assert {
    condition     = aws_sagemaker_model.this.name == run.names_a_new_model_and_configuration_after_new_content.model_name
    error_message = "The same artifact must keep the model's name."
  }

  assert {
    condition     = aws_sagemaker_endpoint_configuration.this.name != run.names_a_new_model_and_configuration_after_new_content.configuration_name
    error_message = "Another instance type must give another configuration name."
  }

  assert {
    condition     = output.variant_name == run.names_a_new_model_and_configuration_after_new_content.variant_name
    error_message = "The variant's name must stay the same."
  }
}

run "captures_nothing_at_zero_percent" {
  variables {
    capture_percentage = 0
  }

  assert {
    condition     = aws_sagemaker_endpoint_configuration.this.data_capture_config[0].enable_capture == false
    error_message = "0 percent must turn capture off."
  }
}

run "rejects_a_name_that_ends_in_a_hyphen" {
  command = plan

  variables {
    name = "scones-"
  }

  expect_failures = [var.name]
}

run "rejects_an_image_outside_ecr" {
  command = plan

  variables {
    image_uri = "docker.io/library/python:3.13"
  }

  expect_failures = [var.image_uri]
}

run "rejects_an_artifact_that_is_no_tar_gz" {
  command = plan

  variables {
    artifact_uri = "s3://pictures/models/model.zip"
  }

  expect_failures = [var.artifact_uri]
}

run "rejects_a_checksum_of_the_wrong_length" {
  command = plan

  variables {
    artifact_sha256 = "abc123"
  }

  expect_failures = [var.artifact_sha256]
}

run "rejects_an_instance_type_of_ec2" {
  command = plan

  variables {
    instance_type = "m5.large"
  }

  expect_failures = [var.instance_type]
}

run "rejects_no_instance_at_all" {
  command = plan

  variables {
    instance_count = 0
  }

  expect_failures = [var.instance_count]
}

run "rejects_a_capture_folder_with_a_slash_at_its_end" {
  command = plan

  variables {
    capture_uri = "s3://pictures/captures/"
  }

  expect_failures = [var.capture_uri]
}

run "rejects_a_capture_of_more_than_all" {
  command = plan

  variables {
    capture_percentage = 101
  }

  expect_failures = [var.capture_percentage]
}

run "rejects_a_retention_that_logs_do_not_know" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}
