output "state_bucket" {
  description = "The bucket that holds the state of every stack."
  value       = aws_s3_bucket.state.id
}

output "github_role_arns" {
  description = "The ARNs of the roles plan and apply, which the workflows assume. Empty without a repository."
  value       = one(module.github_roles[*].role_arns) == null ? {} : one(module.github_roles[*].role_arns)
}

output "permissions_boundary_arn" {
  description = "The ARN of the permissions boundary that every role of the environment must have. Null without a repository."
  value       = one(module.github_roles[*].permissions_boundary_arn)
}
