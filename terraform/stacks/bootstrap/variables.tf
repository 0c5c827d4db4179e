variable "environment" {
  description = "The name of the environment. All resource names begin with scones-ENVIRONMENT. `invoke env` sets it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "An environment's name has up to 12 lower-case letters and digits, and begins with a letter; this is \"${var.environment}\"."
  }
}

variable "state_bucket" {
  description = "The name of the bucket with the state of every stack. `invoke env` sets it."
  type        = string
  nullable    = false
}

variable "github_repository" {
  description = "The GitHub repository whose workflows plan and apply, as OWNER@ID/NAME@ID. The roles then trust both forms of GitHub's tokens: with the numbers, and with the names alone. If you give OWNER/NAME, they trust only the names, and no token of a repository that was created, renamed or moved since 15 July 2026. If null, the stack creates no roles for a pipeline."
  type        = string
  default     = null
}

variable "github_oidc_provider_arn" {
  description = "The ARN of GitHub's OpenID Connect provider, if the account already has it. If null, the stack creates the provider."
  type        = string
  default     = null
}

variable "state_kms_key_arn" {
  description = "The ARN of the KMS key that encrypts the state. Create this key outside these stacks. If null, S3 encrypts the state with its own key. `invoke env` also gives the key to Terraform's backend."
  type        = string
  default     = null
}

variable "pipeline_permissions_boundary_arn" {
  description = "The ARN of the permissions boundary of the pipeline's own roles, if your organisation requires one. If null, they have no boundary."
  type        = string
  default     = null
}
