output "role_arns" {
  description = "The roles' ARNs: plan and apply."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "permissions_boundary_arn" {
  description = "The ARN of the permissions boundary that every role of the environment must have."
  value       = local.permissions_boundary_arn

  depends_on = [aws_iam_policy.boundary]
}

output "oidc_provider_arn" {
  description = "The ARN of GitHub's OpenID Connect provider in this account."
  value       = local.provider_arn
}
