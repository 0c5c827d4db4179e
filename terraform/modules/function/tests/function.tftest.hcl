mock_provider "aws" {
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

run "may_write_its_logs_and_traces_and_nothing_else" {
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

run "may_do_what_it_is_allowed_by_name" {
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

run "is_updated_by_its_content" {
  assert {
    condition     = aws_lambda_function.this.source_code_hash == filebase64sha256("tests/package.zip")
    error_message = "The package's SHA-256 must decide whether the function is updated."
  }

  assert {
    condition     = length(aws_lambda_function.this.environment) == 0
    error_message = "No variables, no environment block."
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

run "keeps_its_logs_for_a_while" {
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

run "rejects_a_package_that_is_not_there" {
  command = plan

  variables {
    package = "tests/missing.zip"
  }

  expect_failures = [var.package]
}

run "rejects_a_statement_on_everything" {
  command = plan

  variables {
    allow = { Anything = { actions = ["s3:GetObject"], resources = ["*"] } }
  }

  expect_failures = [var.allow]
}

run "rejects_a_statement_whose_name_is_no_sid" {
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

run "rejects_a_timeout_past_fifteen_minutes" {
  command = plan

  variables {
    timeout_seconds = 901
  }

  expect_failures = [var.timeout_seconds]
}

run "rejects_a_retention_that_logs_do_not_know" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}
