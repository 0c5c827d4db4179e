variable "prefix" {
  description = "What every name of the environment begins with, such as scones-dev. The roles reach nothing else."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,40}[a-z0-9]$", var.prefix))
    error_message = "The prefix has 2 to 42 lower-case letters, digits and hyphens, from a letter to a letter or digit; this is \"${var.prefix}\"."
  }
}

variable "repository" {
  description = "The GitHub repository whose workflows may take the roles, OWNER/NAME."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "The repository has the form OWNER/NAME, without wildcards; this is \"${var.repository}\"."
  }
}

variable "deployment_environment" {
  description = "The deployment environment on GitHub whose jobs may apply. Its protection rules decide who approves."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.deployment_environment))
    error_message = "A deployment environment's name here has letters, digits, hyphens and underscores; this is \"${var.deployment_environment}\"."
  }
}

variable "state_bucket" {
  description = "The bucket that holds the environment's state."
  type        = string
  nullable    = false
}

variable "oidc_provider_arn" {
  description = "GitHub's OpenID Connect provider, where the account already has it; null makes one."
  type        = string
  default     = null

  validation {
    condition     = var.oidc_provider_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.oidc_provider_arn))
    error_message = "oidc_provider_arn ends in oidc-provider/token.actions.githubusercontent.com; this is \"${coalesce(var.oidc_provider_arn, "null")}\"."
  }
}
