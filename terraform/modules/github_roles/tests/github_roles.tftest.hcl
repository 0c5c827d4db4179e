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

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/ci-scones-test" }
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

run "trusts_pull_requests_and_main_to_plan_and_one_environment_on_main_to_apply" {
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
        "token.actions.githubusercontent.com:ref" = "refs/heads/main"
        "token.actions.githubusercontent.com:sub" = ["repo:owner/scones:environment:test"]
      }
    }
    error_message = "Only those subjects of GitHub's token may take the roles."
  }

  assert {
    condition     = { for name, role in aws_iam_role.this : name => role.max_session_duration } == { plan = 3600, apply = 7200 }
    error_message = "Applying must outlast an endpoint's update, and planning needs no more than an hour."
  }
}

run "plans_and_writes_only_the_lock" {
  assert {
    condition = [for name, one in aws_iam_role_policy_attachment.this : one.policy_arn if one.role == "ci-scones-test-plan"] == [
      for name in ["read-foundation", "read-service", "state"] : aws_iam_policy.this[name].arn
    ]
    error_message = "Planning may have the policies that read, and the state's."
  }

  assert {
    condition = distinct(flatten([
      for name in ["read-foundation", "read-service", "state"] : [
        for statement in jsondecode(aws_iam_policy.this[name].policy).Statement : [
          for action in statement.Action : "${statement.Sid} ${action}" if !can(regex(":(Get|List|Describe|Validate)", action))
        ]
      ]
    ])) == tolist(["LockState s3:PutObject", "LockState s3:DeleteObject"])
    error_message = "Planning may write the state's lock only."
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_iam_policy.this["state"].policy).Statement : statement.Resource if statement.Sid == "LockState"
    ]) == [for stack in ["foundation", "service"] : "arn:aws:s3:::${var.state_bucket}/${stack}.tfstate.tflock"]
    error_message = "A lock of the bootstrap stack would keep a person from it."
  }

  assert {
    condition = contains(one([
      for statement in jsondecode(aws_iam_policy.this["read-service"].policy).Statement : statement.Action if statement.Sid == "ReadFunctions"
    ]), "lambda:ListTags")
    error_message = "Lambda tells a function's tags only to those who may list them; else every plan shows a change."
  }
}

run "applies_the_environments_resources_and_cannot_widen_its_own_rights" {
  assert {
    condition = length([
      for action in flatten([for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement : statement.Action]]) :
      action if can(regex("^(kms|ec2|application-autoscaling|budgets|ce):|^sns:Subscribe|ServiceLinkedRole", action))
    ]) == 0
    error_message = "Every option is permitted only where it is on."
  }

  assert {
    condition     = alltrue([for name in concat([for role in aws_iam_role.this : role.name], [for policy in aws_iam_policy.this : policy.name]) : startswith(name, "ci-scones-test-")])
    error_message = "The names of roles and policies must lie outside what the roles may write to."
  }

  assert {
    condition = [
      for action in flatten([for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement : statement.Action]]) :
      action if can(regex("^iam:.*(Attach|PolicyVersion|CreatePolicy|DeleteRolePermissionsBoundary|User|Group|SAML|OpenID|\\*)", action))
    ] == ["iam:ListAttachedRolePolicies"]
    error_message = "Applying may neither attach policies nor change managed ones, nor let a role out of its boundary."
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_iam_policy.this["write-roles"].policy).Statement : statement
      if contains(statement.Action, "iam:PassRole")
      ]) == {
      Sid       = "HandOverRoles"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = ["arn:aws:iam::123456789012:role/scones-test-*"]
      Condition = { StringEquals = { "iam:PassedToService" = ["lambda.amazonaws.com", "sagemaker.amazonaws.com", "states.amazonaws.com"] } }
    }
    error_message = "PassRole must be bound to the roles of the environment, and to the services that they are for."
  }
}

run "allows_all_resources_only_in_the_listed_statements" {
  variables {
    prefix       = "scones-environment12"
    state_bucket = "scones-environment12-tfstate-123456789012"
    options      = { customer_managed_key = true, vpc = true, autoscaling = true, emails = true, budget = true, hours = true, arrival = true, batch = true }

    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/organisation/workloads-boundary"
    state_kms_key_arn        = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition = sort(flatten([
      for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement : statement.Sid if contains(statement.Resource, "*")]
      ])) == sort([
      "DeliverFlowLogs", "DeliverLogs", "FindAliases", "FindAndCheck", "MakeKey", "MakeMappings", "ReadNetwork",
      "ReadScaling", "ReadSubscriptions", "SaveQueries", "Unsubscribe",
    ])
    error_message = "Every other statement must name its resources."
  }

  # Everything that AWS gives its identifier, and that others in the account have too.
  assert {
    condition = alltrue(flatten([
      for policy in aws_iam_policy.this : [
        for statement in jsondecode(policy.policy).Statement : can(regex("\"Condition\"", jsonencode(statement)))
        if anytrue([for arn in statement.Resource : can(regex(":(kms|ec2):.*/\\*$", arn))])
      ]
    ]))
    error_message = "Keys and networks must be bound to the environment's tag."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_policy.this["write-arrival"].policy).Statement :
      try(statement.Condition.ArnLike["lambda:FunctionArn"], "") == "arn:aws:lambda:us-east-1:123456789012:function:scones-environment12-*"
      if contains(["MakeMappings", "WriteMappings"], statement.Sid)
    ])
    error_message = "A queue may be connected to the environment's functions only."
  }

  assert {
    condition     = max([for policy in aws_iam_policy.this : length(policy.policy)]...) <= 6144 && length(aws_iam_policy.this) <= 10
    error_message = "A managed policy holds 6,144 characters, and a role ten of them."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_policy.this["state"].policy).Statement : statement.Resource if statement.Sid == "UseTheStatesKey"]) == [var.state_kms_key_arn]
    error_message = "Who reads the state must be able to decrypt it."
  }
}

run "has_a_statement_for_each_thing_it_may_do" {
  variables {
    read_buckets      = ["pictures"]
    options           = { customer_managed_key = true, vpc = true, autoscaling = true, emails = true, budget = true, hours = true, arrival = true, batch = true }
    state_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    # A mapping that is gone has no function, and Terraform waits for it to go.
    condition = [
      for statement in jsondecode(aws_iam_policy.this["read-arrival"].policy).Statement :
      can(statement.Condition) if statement.Sid == "ReadMappings"
    ] == [false]
    error_message = "A mapping must be readable when it has no function any more."
  }

  assert {
    condition = {
      for name, policy in merge(aws_iam_policy.this, { boundary = one(aws_iam_policy.boundary) }) :
      name => [for statement in jsondecode(policy.policy).Statement : statement.Sid]
      } == {
      boundary = [
        "UseOwnObjects", "ReadOtherBuckets", "CallOwnFunctions", "CallOwnEndpoints", "WatchOwnAlarms",
        "WriteLogs", "PutMetrics", "TraceAndDeliverLogs", "PullImages", "UseOwnKey", "KeepHours", "LetSageMakerUseTheKey",
        "ReadVersions", "TakeMessages", "StartOwnExecutions", "TellEvents", "RunOwnBatches",
        "WriteResultsInParts", "UseNetwork", "LookAtNetwork",
      ]
      read-arrival = [
        "ReadQueues", "ReadRules", "ReadMappings",
      ]
      read-foundation = [
        "ReadBuckets", "ReadRoles", "ReadKey", "FindAliases", "ReadNetworkAttributes",
        "ReadNetwork",
      ]
      read-service = [
        "ReadFunctions", "ReadPackages", "ReadStateMachines", "ReadModels", "ReadLogGroups", "ReadAlarms",
        "ReadDashboard", "ReadTopics", "FindAndCheck", "ReadFunctionsEnvironmentsAndPackages", "ReadScaling",
        "ReadScalingTags", "ReadBudget", "ReadSubscriptions",
        "ReadSchedules",
      ]
      state = [
        "ReadState", "ReadStateObjects", "LockState", "UseTheStatesKey",
      ]
      write-arrival = [
        "WriteQueues", "WriteRules", "MakeMappings", "WriteMappings", "TagMappings",
      ]
      write-foundation = [
        "WriteState", "WriteBuckets", "MakeKey", "TagKeyAsItIsMade", "WriteKey",
        "NameKey", "NameKeysTarget", "EncryptLogGroups", "WritePackages", "FindPackagesVersions", "EncryptPackages",
      ]
      write-hours = [
        "WriteSchedules", "HandOverTheRoleOfHours",
      ]
      write-network = [
        "MakeNetwork", "MakeNetworkInOurs", "WriteNetwork", "TagNetworkAsItIsMade", "TagNetwork",
        "TakeOverDefaultGroup", "NameEndpoints", "DeliverFlowLogs",
      ]
      write-roles = [
        "GiveRolesPermissions", "WriteRoles", "HandOverRoles", "MakeScalingsRole",
      ]
      write-service = [
        "WriteFunctions", "WriteStateMachines", "WriteModels", "WriteLogGroups", "WriteAlarms",
        "WriteDashboard", "WriteTopics", "SaveQueries", "DeliverLogs", "EncryptFunctionsEnvironments",
        "LetServicesUseTheKey", "WriteScaling", "TagScaling", "LetScalingScale", "LetScalingWatch",
        "WriteBudget", "Subscribe", "Unsubscribe",
      ]
    }
    error_message = "What the roles may do has changed: say here what."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : [for statement in jsondecode(role.assume_role_policy).Statement : statement.Sid] == ["OnlyTheseJobs"]])
    error_message = "There must be one way only to take a role."
  }
}

run "makes_a_boundary_and_only_roles_with_it" {
  assert {
    condition = one([
      for statement in jsondecode(aws_iam_policy.this["write-roles"].policy).Statement : statement if contains(statement.Action, "iam:PutRolePolicy")
      ]) == {
      Sid       = "GiveRolesPermissions"
      Effect    = "Allow"
      Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"]
      Resource  = ["arn:aws:iam::123456789012:role/scones-test-*"]
      Condition = { StringEquals = { "iam:PermissionsBoundary" = output.permissions_boundary_arn } }
    }
    error_message = "Whatever gives a role permissions or trust must ask for the boundary."
  }

  assert {
    condition     = one(aws_iam_policy.boundary).name == "ci-scones-test-boundary" && output.permissions_boundary_arn == "arn:aws:iam::123456789012:policy/ci-scones-test-boundary"
    error_message = "The foundation stack knows the boundary by this name, which lies outside what the roles may write to."
  }

  assert {
    condition = [
      for action in flatten([for statement in jsondecode(one(aws_iam_policy.boundary).policy).Statement : statement.Action]) :
      action if can(regex("^(iam|sts|organizations|account):|\\*", action))
    ] == []
    error_message = "Within the boundary nobody may reach IAM, and every action is named."
  }
}

run "makes_only_roles_with_the_boundary_of_an_organisation" {
  variables {
    permissions_boundary_arn     = "arn:aws:iam::123456789012:policy/workloads"
    own_permissions_boundary_arn = "arn:aws:iam::123456789012:policy/pipelines"
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_iam_policy.this["write-roles"].policy).Statement : statement if contains(statement.Action, "iam:PutRolePolicy")
      ]) == {
      Sid       = "GiveRolesPermissions"
      Effect    = "Allow"
      Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"]
      Resource  = ["arn:aws:iam::123456789012:role/scones-test-*"]
      Condition = { StringEquals = { "iam:PermissionsBoundary" = "arn:aws:iam::123456789012:policy/workloads" } }
    }
    error_message = "Whatever gives a role permissions or trust must ask for the boundary."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.permissions_boundary == "arn:aws:iam::123456789012:policy/pipelines"])
    error_message = "Both roles must carry the boundary."
  }

  assert {
    condition     = length(aws_iam_policy.boundary) == 0
    error_message = "There must be one boundary only."
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

run "rejects_a_prefix_too_long_for_its_policies" {
  command = plan

  variables {
    prefix  = "scones-with-a-name-of-no-less-than-42-char"
    options = { customer_managed_key = true, vpc = true, autoscaling = true, emails = true, budget = true, hours = true, arrival = true, batch = true }
  }

  expect_failures = [aws_iam_policy.this]
}

run "rejects_more_buckets_than_the_boundary_can_name" {
  command = plan

  variables {
    read_buckets = [for number in range(60) : "a-bucket-of-pictures-with-a-long-name-${number}"]
  }

  expect_failures = [aws_iam_policy.boundary]
}

run "rejects_a_prefix_in_capitals" {
  command = plan

  variables {
    prefix = "Scones"
  }

  expect_failures = [var.prefix]
}

run "trusts_a_repository_with_numbers_by_both_forms_of_the_subject" {
  variables {
    repository = "owner@123456/scones@456789"
  }

  assert {
    condition = {
      for name, role in aws_iam_role.this : name => jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"]
      } == {
      plan = [
        "repo:owner@123456/scones@456789:pull_request", "repo:owner@123456/scones@456789:ref:refs/heads/main",
        "repo:owner/scones:pull_request", "repo:owner/scones:ref:refs/heads/main",
      ]
      apply = ["repo:owner@123456/scones@456789:environment:test", "repo:owner/scones:environment:test"]
    }
    error_message = "GitHub's tokens of newer repositories have the numbers, those of older ones only the names."
  }
}

run "rejects_a_number_of_the_owner_alone" {
  command = plan

  variables {
    repository = "owner@123456/scones"
  }

  expect_failures = [var.repository]
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

run "rejects_an_arn_as_the_name_of_a_bucket" {
  command = plan

  variables {
    read_buckets = ["arn:aws:s3:::pictures"]
  }

  expect_failures = [var.read_buckets]
}

run "rejects_a_provider_of_another_issuer" {
  command = plan

  variables {
    oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/example.com"
  }

  expect_failures = [var.oidc_provider_arn]
}

run "rejects_the_alias_of_a_key" {
  command = plan

  variables {
    state_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:alias/state"
  }

  expect_failures = [var.state_kms_key_arn]
}

run "rejects_a_boundary_that_is_not_a_policy" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:role/boundary"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "rejects_a_boundary_of_its_own_that_is_not_a_policy" {
  command = plan

  variables {
    own_permissions_boundary_arn = "workloads"
  }

  expect_failures = [var.own_permissions_boundary_arn]
}
