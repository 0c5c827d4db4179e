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
  name       = "scones-test-training"
  bucket_arn = "arn:aws:s3:::pictures"
}

run "may_do_what_a_training_job_needs" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      ListWhatIsRead        = [["s3:ListBucket"], "arn:aws:s3:::pictures"]
      ReadTheDataset        = [["s3:GetObject"], "arn:aws:s3:::pictures/datasets/*"]
      ReadAndWriteArtifacts = [["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::pictures/models/*"]
      KeepCheckpoints       = [["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], "arn:aws:s3:::pictures/checkpoints/*"]
      WriteLogs = [
        ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/TrainingJobs:*",
      ]
      PutMetrics              = [["cloudwatch:PutMetricData"], "*"]
      LogInToTheImageRegistry = [["ecr:GetAuthorizationToken"], "*"]
      PullTheImage = [
        ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "arn:aws:ecr:us-east-1:811284229777:repository/image-classification",
      ]
    }
    error_message = "Each statement must name its own prefix, logs and image."
  }
}

run "lists_what_it_reads_only_and_puts_metrics_of_training_only" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => jsonencode(statement.Condition) if can(statement.Condition) } == {
      ListWhatIsRead = jsonencode({ StringLike = { "s3:prefix" = ["datasets/*", "models/*", "checkpoints/*"] } })
      PutMetrics     = jsonencode({ StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/TrainingJobs" } })
    }
    error_message = "Listing must be bound to datasets/, models/ and checkpoints/, and metrics to the training jobs' namespace."
  }
}

run "is_taken_by_sagemaker_of_this_account_only" {
  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }]
    error_message = "The role's trust must be bound to the account."
  }
}

run "rejects_a_name_with_a_slash" {
  command = plan

  variables {
    name = "scones/training"
  }

  expect_failures = [var.name]
}

run "rejects_an_arn_that_is_no_bucket" {
  command = plan

  variables {
    bucket_arn = "arn:aws:s3:::pictures/datasets/*"
  }

  expect_failures = [var.bucket_arn]
}
