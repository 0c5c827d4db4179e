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

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Effect == "Allow"])
    error_message = "Nothing in the list above is a refusal."
  }
}

run "lists_only_what_it_reads_and_puts_only_metrics_of_training" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => jsonencode(statement.Condition) if can(statement.Condition) } == {
      ListWhatIsRead = jsonencode({ StringLike = { "s3:prefix" = ["datasets/*", "models/*", "checkpoints/*"] } })
      PutMetrics     = jsonencode({ StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/TrainingJobs" } })
    }
    error_message = "Listing must be bound to datasets/, models/ and checkpoints/, and metrics to the training jobs' namespace."
  }
}

run "uses_only_the_key_of_its_bucket" {
  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement[8] == {
      Sid      = "UseTheKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
      Resource = "arn:aws:kms:us-east-1:123456789012:key/1"
    }
    error_message = "The role must be able to read and write under this key."
  }
}

run "makes_network_interfaces_only_in_its_subnets_and_has_its_boundary" {
  variables {
    vpc                      = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => statement.Resource if startswith(statement.Action[0], "ec2:") } == {
      MakeItsNetworkInterfaces = [
        "arn:aws:ec2:us-east-1:123456789012:network-interface/*",
        "arn:aws:ec2:us-east-1:123456789012:subnet/subnet-1",
        "arn:aws:ec2:us-east-1:123456789012:subnet/subnet-2",
        "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1",
      ]
      LendAndDeleteItsNetworkInterfaces = "arn:aws:ec2:us-east-1:123456789012:network-interface/*"
      LookAtTheNetwork                  = "*"
    }
    error_message = "Interfaces must be made in these subnets and with this security group only."
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Condition.ArnEquals["ec2:Subnet"] if statement.Sid == "LendAndDeleteItsNetworkInterfaces"
    ]) == ["arn:aws:ec2:us-east-1:123456789012:subnet/subnet-1", "arn:aws:ec2:us-east-1:123456789012:subnet/subnet-2"]
    error_message = "Interfaces of other subnets must be left alone."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.permissions_boundary_arn
    error_message = "The role must have its boundary."
  }
}

run "trusts_only_sagemaker_in_this_account" {
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

run "rejects_an_arn_that_is_not_a_bucket" {
  command = plan

  variables {
    bucket_arn = "arn:aws:s3:::pictures/datasets/*"
  }

  expect_failures = [var.bucket_arn]
}

run "rejects_a_key_that_is_an_alias" {
  command = plan

  variables {
    kms_key_arn = "alias/scones"
  }

  expect_failures = [var.kms_key_arn]
}

run "rejects_a_network_without_a_security_group" {
  command = plan

  variables {
    vpc = { subnet_ids = ["subnet-1"], security_group_ids = [] }
  }

  expect_failures = [var.vpc]
}

run "rejects_a_boundary_that_is_not_a_policy" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:role/developer"
  }

  expect_failures = [var.permissions_boundary_arn]
}
