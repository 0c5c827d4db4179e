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
    defaults = { arn = "arn:aws:iam::123456789012:role/scones-test-greet" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/scones-test-greet" }
  }
}

variables {
  name        = "scones-test-greet"
  description = "Greets."
  package     = "tests/package.zip"
}

run "may_only_write_its_logs_and_traces" {
  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement == [
      {
        Sid      = "WriteItsLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/scones-test-greet:*"
      },
      {
        Sid      = "SendItsTraces"
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      },
    ]
    error_message = "The role must allow logging and tracing only."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal == { Service = "lambda.amazonaws.com" }
    error_message = "Lambda alone may take the role."
  }
}

run "may_do_what_its_named_statements_allow" {
  variables {
    tracing = false
    allow   = { ReadImages = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::pictures/*"] } }
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement[1] == {
      Sid      = "ReadImages"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["arn:aws:s3:::pictures/*"]
    }
    error_message = "A statement must follow the one for logs, without tracing."
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "PassThrough"
    error_message = "Tracing must be off."
  }
}

run "runs_in_a_network_with_a_key_and_within_a_boundary" {
  variables {
    environment              = { GREETING = "hello" }
    kms_key_arn              = "arn:aws:kms:us-east-1:123456789012:key/1"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    reserved_concurrency     = 5
    tracing                  = false
    vpc                      = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition = (
      aws_lambda_function.this.vpc_config[0].subnet_ids == toset(["subnet-1", "subnet-2"]) &&
      aws_lambda_function.this.vpc_config[0].security_group_ids == toset(["sg-1"])
    )
    error_message = "The function must run in the network."
  }

  assert {
    condition     = aws_lambda_function.this.kms_key_arn == var.kms_key_arn && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    error_message = "The key must encrypt variables and log."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.permissions_boundary_arn
    error_message = "The role must have its boundary."
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 5
    error_message = "Concurrency must be reserved."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => [statement.Action, statement.Resource] if statement.Sid != "WriteItsLogs" } == {
      MakeItsNetworkInterfaces = [["ec2:CreateNetworkInterface"], [
        "arn:aws:ec2:us-east-1:123456789012:network-interface/*",
        "arn:aws:ec2:us-east-1:123456789012:subnet/subnet-1",
        "arn:aws:ec2:us-east-1:123456789012:subnet/subnet-2",
        "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1",
      ]]
      DeleteItsNetworkInterfaces  = [["ec2:DeleteNetworkInterface"], ["arn:aws:ec2:us-east-1:123456789012:*/*"]]
      AddressItsNetworkInterfaces = [["ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"], ["arn:aws:ec2:us-east-1:123456789012:network-interface/*"]]
      FindItsNetworkInterfaces    = [["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], ["*"]]
    }
    error_message = "The role must let Lambda make interfaces in these subnets only."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Effect == "Allow"])
    error_message = "Nothing in the list above is a refusal."
  }
}

run "is_updated_when_its_package_changes" {
  assert {
    condition     = aws_lambda_function.this.source_code_hash == filebase64sha256("tests/package.zip")
    error_message = "The package's SHA-256 must decide whether the function is updated."
  }

  assert {
    condition     = length(aws_lambda_function.this.environment) == 0
    error_message = "No variables, no environment block."
  }

  assert {
    condition     = aws_lambda_function.this.filename == "tests/package.zip" && length(aws_s3_object.package) == 0
    error_message = "Without a bucket, Terraform must send the package itself."
  }
}

run "takes_its_package_from_a_bucket" {
  variables {
    package_store = { bucket = "scones-test-123456789012" }
  }

  assert {
    condition     = aws_s3_object.package[0].bucket == var.package_store.bucket && aws_s3_object.package[0].source == "tests/package.zip"
    error_message = "The package must be in the bucket."
  }

  assert {
    condition     = aws_s3_object.package[0].key == "functions/scones-test-greet/${filesha256("tests/package.zip")}.zip"
    error_message = "Each package must have a key of its own."
  }

  assert {
    condition = (
      aws_lambda_function.this.s3_bucket == aws_s3_object.package[0].bucket && aws_lambda_function.this.s3_key == aws_s3_object.package[0].key &&
      aws_lambda_function.this.filename == null && aws_lambda_function.this.source_code_hash == filebase64sha256("tests/package.zip")
    )
    error_message = "The function must have the package of the bucket."
  }
}

run "gets_its_environment" {
  variables {
    environment = { GREETING = "hello" }
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables == tomap({ GREETING = "hello" })
    error_message = "The function must see its variables."
  }
}

run "keeps_its_logs_for_thirty_days" {
  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/scones-test-greet" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group must be the one that Lambda writes to, and expire."
  }
}

run "rejects_a_name_with_a_space" {
  command = plan

  variables {
    name = "scones greet"
  }

  expect_failures = [var.name]
}

run "rejects_an_empty_description" {
  command = plan

  variables {
    description = ""
  }

  expect_failures = [var.description]
}

run "rejects_a_missing_package" {
  command = plan

  variables {
    package = "tests/missing.zip"
  }

  expect_failures = [var.package]
}

run "rejects_a_statement_on_all_resources" {
  command = plan

  variables {
    allow = { Anything = { actions = ["s3:GetObject"], resources = ["*"] } }
  }

  expect_failures = [var.allow]
}

run "rejects_a_statement_whose_name_is_not_a_sid" {
  command = plan

  variables {
    allow = { "read-images" = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::pictures/*"] } }
  }

  expect_failures = [var.allow]
}

run "rejects_too_little_memory" {
  command = plan

  variables {
    memory_mb = 64
  }

  expect_failures = [var.memory_mb]
}

run "rejects_a_timeout_over_fifteen_minutes" {
  command = plan

  variables {
    timeout_seconds = 901
  }

  expect_failures = [var.timeout_seconds]
}

run "rejects_a_log_retention_that_cloudwatch_lacks" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
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

run "rejects_a_fraction_as_reserved_concurrency" {
  command = plan

  variables {
    reserved_concurrency = 0.5
  }

  expect_failures = [var.reserved_concurrency]
}
