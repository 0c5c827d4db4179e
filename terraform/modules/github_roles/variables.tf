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
  description = "The GitHub repository whose workflows may take the roles, as its tokens name it: OWNER/NAME, or of one that was made, renamed or moved since 15 July 2026, OWNER@ID/NAME@ID."
  type        = string
  nullable    = false

  validation {
    # https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens
    condition     = can(regex("^([A-Za-z0-9_-]+/[A-Za-z0-9._-]+|[A-Za-z0-9_-]+@[0-9]+/[A-Za-z0-9._-]+@[0-9]+)$", var.repository))
    error_message = "The repository has the form OWNER/NAME or OWNER@ID/NAME@ID, without wildcards; this is \"${var.repository}\"."
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

variable "options" {
  description = "What the environment makes beyond the least: each is permitted only where it is on. The bootstrap stack takes them from the environment's files."
  type = object({
    customer_managed_key = optional(bool, false)
    vpc                  = optional(bool, false)
    autoscaling          = optional(bool, false)
    emails               = optional(bool, false)
    budget               = optional(bool, false)
    cost_tag             = optional(bool, false)
  })
  default  = {}
  nullable = false
}

variable "state_kms_key_arn" {
  description = "The KMS key that the state is encrypted with; null where S3's own key does."
  type        = string
  default     = null

  validation {
    condition     = var.state_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.state_kms_key_arn))
    error_message = "state_kms_key_arn is the ARN of a key, not of an alias; this is \"${coalesce(var.state_kms_key_arn, "null")}\"."
  }
}

variable "permissions_boundary_arn" {
  description = "The policy that must bound every role that applying makes; null leaves them unbounded, so that who may merge could give a function any permission."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn is the ARN of a managed policy; this is \"${coalesce(var.permissions_boundary_arn, "null")}\"."
  }
}

variable "own_permissions_boundary_arn" {
  description = "The policy that bounds the two roles themselves, where the organisation asks for one; null sets no bound."
  type        = string
  default     = null

  validation {
    condition     = var.own_permissions_boundary_arn == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.own_permissions_boundary_arn))
    error_message = "own_permissions_boundary_arn is the ARN of a managed policy; this is \"${coalesce(var.own_permissions_boundary_arn, "null")}\"."
  }
}
