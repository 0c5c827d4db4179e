mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/scones-test-classify-image-states" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/scones-test-classify-image" }
  }
}

variables {
  name          = "scones-test-classify-image"
  definition    = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
  function_arns = ["arn:aws:lambda:us-east-1:123456789012:function:scones-test-classify-image"]
}

run "may_call_only_the_given_functions" {
  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement[0] == {
      Sid      = "CallItsFunctions"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = ["arn:aws:lambda:us-east-1:123456789012:function:scones-test-classify-image"]
    }
    error_message = "The role must allow calling the functions given."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => [statement.Effect, statement.Action] if statement.Resource == "*" } == {
      DeliverItsLogs = ["Allow", [
        "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries",
        "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
      ]]
      SendItsTraces = ["Allow", ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"]]
    }
    error_message = "Only log delivery and tracing, which have no resource to name, may name \"*\"."
  }
}

run "trusts_only_step_functions_in_this_account" {
  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }]
    error_message = "The role's trust must be bound to the account."
  }
}

run "logs_every_event_but_no_image" {
  assert {
    condition = (
      aws_sfn_state_machine.this.logging_configuration[0].level == "ALL" &&
      aws_sfn_state_machine.this.logging_configuration[0].include_execution_data == false
    )
    error_message = "Every event must be logged, without the states' input and output."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/vendedlogs/states/scones-test-classify-image"
    error_message = "The log group must lie under /aws/vendedlogs/."
  }

  assert {
    condition     = aws_sfn_state_machine.this.tracing_configuration[0].enabled
    error_message = "Executions must be traced."
  }
}

run "encrypts_its_logs_with_a_key_and_has_a_boundary" {
  variables {
    kms_key_arn              = "arn:aws:kms:us-east-1:123456789012:key/1"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    error_message = "The key must encrypt the log."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.permissions_boundary_arn
    error_message = "The role must have its boundary."
  }
}

run "may_do_what_it_is_allowed_further" {
  variables {
    allow = { ListImages = { actions = ["s3:ListBucket"], resources = ["arn:aws:s3:::pictures"] } }
  }

  assert {
    condition = slice(jsondecode(aws_iam_role_policy.this.policy).Statement, 3, 4) == [{
      Sid      = "ListImages"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = ["arn:aws:s3:::pictures"]
    }]
    error_message = "The role must have the further statement."
  }
}

run "rejects_a_statement_whose_name_is_no_sid" {
  command = plan

  variables {
    allow = { "list-images" = { actions = ["s3:ListBucket"], resources = ["arn:aws:s3:::pictures"] } }
  }

  expect_failures = [var.allow]
}

run "rejects_a_statement_for_every_resource" {
  command = plan

  variables {
    allow = { ListImages = { actions = ["s3:ListBucket"], resources = ["*"] } }
  }

  expect_failures = [var.allow]
}

run "rejects_a_name_too_long_for_its_role" {
  command = plan

  variables {
    name = "scones-test-a-name-that-leaves-no-room-for-the-suffix-of-its-role"
  }

  expect_failures = [var.name]
}

run "rejects_a_definition_that_is_not_asl" {
  command = plan

  variables {
    definition = "{\"Comment\": \"nothing to do\"}"
  }

  expect_failures = [var.definition]
}

run "rejects_a_definition_with_a_placeholder_left" {
  command = plan

  variables {
    definition = "{\"StartAt\": \"Do\", \"States\": {\"Do\": {\"Type\": \"Task\", \"Resource\": \"$${function_arn}\", \"End\": true}}}"
  }

  expect_failures = [var.definition]
}

run "rejects_an_arn_that_is_not_a_function" {
  command = plan

  variables {
    function_arns = ["arn:aws:s3:::pictures"]
  }

  expect_failures = [var.function_arns]
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

run "rejects_a_boundary_that_is_not_a_policy" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:role/developer"
  }

  expect_failures = [var.permissions_boundary_arn]
}
