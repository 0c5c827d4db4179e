# The roles of a repository whose workflows plan on pull requests and apply from the environment "dev".

data "aws_caller_identity" "current" {}

module "github_roles" {
  source = "../.."

  prefix                 = "scones-example"
  repository             = "owner/scones"
  deployment_environment = "dev"
  state_bucket           = "scones-example-tfstate-${data.aws_caller_identity.current.account_id}"
}

output "role_arns" {
  description = "For the workflows: role-to-assume of aws-actions/configure-aws-credentials."
  value       = module.github_roles.role_arns
}
