variable "environment" {
  description = "The environment, which every name contains: scones-ENVIRONMENT-…. `invoke env` sets it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "An environment has up to 12 lower-case letters and digits, a letter first; this is \"${var.environment}\"."
  }
}

variable "state_bucket" {
  description = "The bucket that holds the state of every stack. `invoke env` sets it."
  type        = string
  nullable    = false
}

variable "github_repository" {
  description = "The GitHub repository whose workflows plan and apply, as its tokens name it: OWNER/NAME, or of one that was made, renamed or moved since 15 July 2026, OWNER@ID/NAME@ID; null makes no roles for a pipeline."
  type        = string
  default     = null
}

variable "github_oidc_provider_arn" {
  description = "GitHub's OpenID Connect provider, where the account already has it; null makes one."
  type        = string
  default     = null
}

variable "state_kms_key_arn" {
  description = "The KMS key that the state is encrypted with, which outlives everything here; null takes S3's own. `invoke env` tells Terraform's backend too."
  type        = string
  default     = null
}

variable "pipeline_permissions_boundary_arn" {
  description = "The policy that bounds the pipeline's own roles, where the organisation asks for one; null sets no bound."
  type        = string
  default     = null
}
