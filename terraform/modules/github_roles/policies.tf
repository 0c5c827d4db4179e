# The policies of the two roles, by subject. These are managed policies, because a role's inline policies have at most
# 10,240 characters in total. Each managed policy has at most 6,144, and a role can have ten:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
#
# The policies name resources by the prefix of the environment's names. If AWS chooses the name of a resource, they
# check its tag Workload. They use the resource "*" only for actions that support no resource ARN, by the service
# authorization reference:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  arn       = "arn:${local.partition}:%s:${local.region}:${local.account}:%s"

  state      = "arn:${local.partition}:s3:::${var.state_bucket}"
  buckets    = [for end in ["", "-logs"] : "arn:${local.partition}:s3:::${var.prefix}-${local.account}${end}"]
  functions  = format(local.arn, "lambda", "function:${var.prefix}-*")
  packages   = "${local.own_bucket}/functions/*"
  log_groups = [for folder in ["lambda", "sagemaker/Endpoints", "vendedlogs/states"] : format(local.arn, "logs", "log-group:/aws/${folder}/${var.prefix}*")]
  machines   = format(local.arn, "states", "stateMachine:${var.prefix}-*")
  roles_arn  = "arn:${local.partition}:iam::${local.account}:role/${var.prefix}-*"
  models     = flatten([for kind in ["model", "endpoint-config", "endpoint", "model-package-group"] : formatlist(local.arn, "sagemaker", ["${kind}/${var.prefix}", "${kind}/${var.prefix}-*"])])
  alarms     = format(local.arn, "cloudwatch", "alarm:${var.prefix}-*")
  dashboard  = "arn:${local.partition}:cloudwatch::${local.account}:dashboard/${var.prefix}"
  topics     = format(local.arn, "sns", "${var.prefix}-*")
  budget     = "arn:${local.partition}:budgets::${local.account}:budget/${var.prefix}"
  schedules  = format(local.arn, "scheduler", "schedule/default/${var.prefix}-*")
  queues     = format(local.arn, "sqs", "${var.prefix}-*")
  rules      = format(local.arn, "events", "rule/${var.prefix}-*")
  mappings   = format(local.arn, "lambda", "event-source-mapping:*")
  targets    = format(local.arn, "application-autoscaling", "scalable-target/*")
  keys       = format(local.arn, "kms", "key/*")
  alias      = format(local.arn, "kms", "alias/${var.prefix}")
  network    = [for kind in ["vpc", "subnet", "route-table", "security-group", "vpc-endpoint", "vpc-flow-log", "security-group-rule"] : format(local.arn, "ec2", "${kind}/*")]

  # Conditions for resources that exist and belong to the environment, and for resources that a request creates.
  is_ours          = { StringEquals = { "aws:ResourceTag/Workload" = var.prefix } }
  of_our_functions = { ArnLike = { "lambda:FunctionArn" = local.functions } }
  will_be_ours     = { StringEquals = { "aws:RequestTag/Workload" = var.prefix } }

  policies = {
    state            = { roles = ["plan", "apply"], statements = concat(local.read_state, local.read_state_key) }
    read-foundation  = { roles = ["plan", "apply"], statements = concat(local.read_foundation, local.read_key, local.read_network) }
    read-service     = { roles = ["plan", "apply"], statements = concat(local.read_service, local.read_function_key, local.read_scaling, local.read_budget, local.read_emails, local.read_hours) }
    write-foundation = { roles = ["apply"], statements = concat(local.write_state, local.write_foundation, local.write_key, local.write_packages) }
    write-network    = { roles = ["apply"], statements = local.write_network }
    write-service    = { roles = ["apply"], statements = concat(local.write_service, local.write_function_key, local.write_scaling, local.write_budget, local.write_emails) }
    write-hours      = { roles = ["apply"], statements = local.write_hours }
    read-arrival     = { roles = ["plan", "apply"], statements = local.read_arrival }
    write-arrival    = { roles = ["apply"], statements = local.write_arrival }
    write-roles      = { roles = ["apply"], statements = concat(local.write_roles, local.make_scaling_role) }
  }

  made = { for name, policy in local.policies : name => policy if length(policy.statements) > 0 }
}

resource "aws_iam_policy" "this" {
  for_each = local.made

  # The roles may not write to these names either.
  name        = "ci-${var.prefix}-${each.key}"
  description = "What ${join(" and ", each.value.roles)} of ${var.prefix} may: ${replace(each.key, "-", " ")}."
  policy      = jsonencode({ Version = "2012-10-17", Statement = each.value.statements })

  lifecycle {
    precondition {
      condition     = length(jsonencode({ Version = "2012-10-17", Statement = each.value.statements })) <= 6144
      error_message = "A managed policy has at most 6144 characters, but ${each.key} would have more; use a shorter prefix than ${var.prefix}."
    }
  }
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = merge([for name, policy in local.made : { for role in policy.roles : "${role}/${name}" => { role = role, policy = name } }]...)

  role       = aws_iam_role.this[each.value.role].name
  policy_arn = aws_iam_policy.this[each.value.policy].arn
}
