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

  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
  }
}

variables {
  prefix                 = "scones-test"
  repository             = "owner/scones"
  deployment_environment = "test"
  state_bucket           = "scones-test-tfstate-123456789012"
}

run "trusts_pull_requests_and_main_to_plan_and_one_environment_to_apply" {
  assert {
    condition = {
      for name, role in aws_iam_role.this : name => jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals
      } == {
      plan = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = ["repo:owner/scones:pull_request", "repo:owner/scones:ref:refs/heads/main"]
      }
      apply = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = ["repo:owner/scones:environment:test"]
      }
    }
    error_message = "Only those subjects of GitHub's token may take the roles."
  }
}

run "plans_without_writing_anything_but_the_lock" {
  assert {
    condition = distinct(flatten([
      for statement in jsondecode(aws_iam_role_policy.this["plan"].policy).Statement : [
        for action in statement.Action : "${statement.Sid} ${action}" if !can(regex(":(Get|List|Describe|Validate)", action))
      ]
    ])) == tolist(["LockState s3:PutObject", "LockState s3:DeleteObject"])
    error_message = "Planning may write the state's lock only."
  }
}

run "plans_with_the_tags_that_functions_have" {
  assert {
    condition = contains(one([
      for statement in jsondecode(aws_iam_role_policy.this["plan"].policy).Statement : statement.Action if statement.Sid == "ReadFunctions"
    ]), "lambda:ListTags")
    error_message = "Lambda tells a function's tags only to those who may list them; else every plan shows a change."
  }
}

run "names_everything_only_where_the_service_names_nothing" {
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.this["apply"].policy).Statement : statement.Sid if contains(statement.Resource, "*")
    ] == ["FindAndCheck", "DeliverLogs"]
    error_message = "Every other statement must name its resources."
  }
}

run "cannot_widen_itself" {
  assert {
    condition     = alltrue([for role in aws_iam_role.this : !startswith(role.name, "scones-test-")])
    error_message = "The roles' names must lie outside what the roles may write to."
  }
}

run "hands_roles_to_the_three_services_only" {
  assert {
    condition = one([
      for statement in jsondecode(aws_iam_role_policy.this["apply"].policy).Statement : statement.Condition.StringEquals["iam:PassedToService"]
      if contains(statement.Action, "iam:PassRole")
    ]) == ["lambda.amazonaws.com", "sagemaker.amazonaws.com", "states.amazonaws.com"]
    error_message = "PassRole must be bound to the services that the roles are for."
  }
}

run "uses_the_provider_that_the_account_has" {
  variables {
    oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.this) == 0
    error_message = "A second provider of the same issuer would be refused by IAM."
  }
}

run "rejects_a_prefix_in_capitals" {
  command = plan

  variables {
    prefix = "Scones"
  }

  expect_failures = [var.prefix]
}

run "rejects_a_repository_with_a_wildcard" {
  command = plan

  variables {
    repository = "owner/*"
  }

  expect_failures = [var.repository]
}

run "rejects_a_deployment_environment_with_a_wildcard" {
  command = plan

  variables {
    deployment_environment = "*"
  }

  expect_failures = [var.deployment_environment]
}

run "rejects_a_provider_of_another_issuer" {
  command = plan

  variables {
    oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/example.com"
  }

  expect_failures = [var.oidc_provider_arn]
}
