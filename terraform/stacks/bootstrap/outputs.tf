output "state_bucket" {
  description = "The bucket that holds the state of every stack."
  value       = aws_s3_bucket.state.id
}

output "github_role_arns" {
  description = "The roles that workflows take, plan and apply; empty without a repository."
  value       = one(module.github_roles[*].role_arns) == null ? {} : one(module.github_roles[*].role_arns)
}
