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

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/scones-test" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:scones-test" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:scones-test-classify-batch" }
  }
}

variables {
  name        = "scones-test"
  bucket      = "scones-test-123456789012"
  image_arns  = ["arn:aws:s3:::scones-test-123456789012/images/*", "arn:aws:s3:::photos/*"]
  definition  = "../../../asl/classify_batch.asl.json"
  package     = "./tests/package.zip"
  environment = { ENDPOINT_NAME = "scones-test" }
  allow       = { ReadImages = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::photos/*"] } }

  model = {
    image_uri       = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
    artifact_uri    = "s3://scones-test-123456789012/models/job-1/output/model.tar.gz"
    artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000001"
  }
}

run "lets_the_state_machine_run_its_children_and_write_results" {
  assert {
    condition = jsonencode(local.machine_allow) == jsonencode({
      StartItsChildren = {
        actions   = ["states:StartExecution"]
        resources = ["arn:aws:states:us-east-1:123456789012:stateMachine:scones-test-classify-batch"]
      }
      FollowAndStopItsChildren = {
        actions = ["states:DescribeExecution", "states:StopExecution"]
        resources = [
          "arn:aws:states:us-east-1:123456789012:execution:scones-test-classify-batch:*",
          "arn:aws:states:us-east-1:123456789012:execution:scones-test-classify-batch/*",
        ]
      }
      ListImages = { actions = ["s3:ListBucket"], resources = ["arn:aws:s3:::scones-test-123456789012", "arn:aws:s3:::photos"] }
      ReadManifestsAndWriteResults = {
        actions   = ["s3:GetObject", "s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
        resources = ["arn:aws:s3:::scones-test-123456789012/batches/*"]
      }
    })
    error_message = "A distributed Map must be able to run, and may reach nothing else: ${jsonencode(local.machine_allow)}"
  }

  assert {
    condition     = output.state_machine.name == "scones-test-classify-batch" && output.function.name == "scones-test-classify-batch"
    error_message = "The names must say what the state machine and the function do."
  }
}

run "lets_transform_jobs_read_images_and_write_answers" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.transform.policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      ReadTheArtifact     = [["s3:GetObject"], ["arn:aws:s3:::scones-test-123456789012/models/job-1/output/model.tar.gz"]]
      ReadImages          = [["s3:GetObject"], ["arn:aws:s3:::scones-test-123456789012/images/*", "arn:aws:s3:::photos/*"]]
      ListImages          = [["s3:ListBucket"], ["arn:aws:s3:::scones-test-123456789012", "arn:aws:s3:::photos"]]
      ReadAndWriteBatches = [["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::scones-test-123456789012/batches/*"]]
      WriteLogs = [
        ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        ["arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/TransformJobs:*"],
      ]
      PutMetrics              = [["cloudwatch:PutMetricData"], ["*"]]
      LogInToTheImageRegistry = [["ecr:GetAuthorizationToken"], ["*"]]
      PullTheImage = [
        ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        ["arn:aws:ecr:us-east-1:811284229777:repository/image-classification"],
      ]
    }
    error_message = "The role of transform jobs has too much or too little."
  }

  assert {
    condition = jsondecode(aws_iam_role.transform.assume_role_policy).Statement == [{
      Sid       = "SageMakerOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }]
    error_message = "The role's trust must be bound to the account."
  }

  assert {
    condition     = aws_sagemaker_model.this.enable_network_isolation && startswith(output.model_name, "scones-test-batch-")
    error_message = "The container must have no network, and the model's name must say what it is for."
  }
}

run "works_in_a_network_with_a_key_and_a_boundary" {
  variables {
    kms_key_arn              = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    vpc                      = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
  }

  assert {
    condition     = local.machine_allow.EncryptResults.actions == ["kms:Decrypt", "kms:GenerateDataKey"] && local.machine_allow.EncryptResults.resources == [var.kms_key_arn]
    error_message = "Step Functions must be able to encrypt the results."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.transform.policy).Statement : statement.Sid
      if contains(["UseTheKey", "MakeNetworkInterfaces", "DescribeTheNetwork"], statement.Sid)
    ] == ["UseTheKey", "MakeNetworkInterfaces", "DescribeTheNetwork"]
    error_message = "Transform jobs must be able to use the key and the network."
  }

  assert {
    condition     = aws_sagemaker_model.this.vpc_config[0].subnets == toset(["subnet-1"]) && aws_iam_role.transform.permissions_boundary == var.permissions_boundary_arn
    error_message = "The model must run in the network, and its role must have the boundary."
  }
}

run "rejects_a_name_too_long_for_its_roles" {
  command = plan

  variables {
    name = "scones-test-a-name-that-leaves-no-room-for-it"
  }

  expect_failures = [var.name]
}

run "rejects_a_bucket_among_the_arns_of_images" {
  command = plan

  variables {
    image_arns = ["arn:aws:s3:::photos"]
  }

  expect_failures = [var.image_arns]
}

run "rejects_a_definition_that_is_not_there" {
  command = plan

  variables {
    definition = "classify_batch.json"
  }

  expect_failures = [var.definition]
}

run "rejects_a_child_without_images" {
  command = plan

  variables {
    images_a_child = 0
  }

  expect_failures = [var.images_a_child]
}

run "rejects_half_an_execution_at_once" {
  command = plan

  variables {
    at_most = 0.5
  }

  expect_failures = [var.at_most]
}

run "rejects_more_tolerance_than_everything" {
  command = plan

  variables {
    tolerated_failure_percentage = 101
  }

  expect_failures = [var.tolerated_failure_percentage]
}

run "rejects_a_container_outside_of_a_registry" {
  command = plan

  variables {
    model = { image_uri = "image-classification:1", artifact_uri = "s3://photos/model.tar.gz", artifact_sha256 = "1" }
  }

  expect_failures = [var.model]
}

run "rejects_an_artifact_outside_of_s3" {
  command = plan

  variables {
    model = {
      image_uri       = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
      artifact_uri    = "model.tar.gz"
      artifact_sha256 = "1"
    }
  }

  expect_failures = [var.model]
}
