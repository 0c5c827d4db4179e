# Two roles that GitHub Actions assumes through OpenID Connect. No access key exists that could leak. Pull requests and
# the main branch may assume the role plan. Only jobs of one deployment environment, on the main branch, may assume the
# role apply.

locals {
  issuer       = "token.actions.githubusercontent.com"
  provider_arn = var.oidc_provider_arn != null ? var.oidc_provider_arn : aws_iam_openid_connect_provider.this[0].arn

  # GitHub has two forms of a token's subject: owner/name, and owner@id/name@id. A repository created since 15 July 2026
  # has the second. An older one has the first until it is renamed or moved, or somebody turns the second on:
  # https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens
  # Somebody else who takes the name later has a new repository, whose tokens have other numbers.
  repositories = distinct([var.repository, replace(var.repository, "/@[0-9]+/", "")])

  roles = {
    plan = {
      description = "Plans changes to ${var.prefix}, from pull requests and the main branch of ${var.repository}."
      subjects    = flatten([for name in local.repositories : ["repo:${name}:pull_request", "repo:${name}:ref:refs/heads/main"]])
      claims      = {}
      hours       = 1
    }
    apply = {
      description = "Applies changes to ${var.prefix}, from the environment ${var.deployment_environment} of ${var.repository}."
      subjects    = [for name in local.repositories : "repo:${name}:environment:${var.deployment_environment}"]
      # Where GitHub does not protect the environment, a workflow on any branch can name it. So AWS asks for the branch
      # too. STS knows this claim of GitHub's tokens since January 2026:
      # https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/
      claims = { "${local.issuer}:ref" = "refs/heads/main" }
      # An endpoint's update may take one hour. If the credentials expire before its end, Terraform cannot write the
      # state.
      hours = 2
    }
  }
}

# An account can have only one provider for an issuer. For a second environment in the account, set oidc_provider_arn.
resource "aws_iam_openid_connect_provider" "this" {
  count = var.oidc_provider_arn == null ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

# The roles may write only to roles whose names begin with the prefix. Their own names do not, so they cannot change
# themselves.
resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "ci-${var.prefix}-${each.key}"
  description          = each.value.description
  permissions_boundary = var.own_permissions_boundary_arn
  max_session_duration = each.value.hours * 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTheseJobs"
      Effect    = "Allow"
      Principal = { Federated = local.provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = merge(each.value.claims, {
          "${local.issuer}:aud" = "sts.amazonaws.com"
          "${local.issuer}:sub" = each.value.subjects
        })
      }
    }]
  })
}
