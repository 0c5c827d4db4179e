# The roles of a repository. Its workflows plan in pull requests, and apply from the deployment environment "dev".

data "aws_caller_identity" "current" {}

module "github_roles" {
  source = "../.."

  prefix                 = "scones-example"
  repository             = "owner@123456/scones@456789"
  deployment_environment = "dev"
  state_bucket           = "scones-example-tfstate-${data.aws_caller_identity.current.account_id}"
}

output "role_arns" {
  description = "The ARNs for the workflows: set them as role-to-assume of aws-actions/configure-aws-credentials."
  value       = module.github_roles.role_arns
}
