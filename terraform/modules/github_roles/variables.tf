variable "prefix" {
  description = "The beginning of all names of the environment, such as scones-dev. The roles reach no resources with other names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,40}[a-z0-9]$", var.prefix))
    error_message = "The prefix has 2 to 42 lower-case letters, digits and hyphens, begins with a letter, and ends with a letter or digit; this is \"${var.prefix}\"."
  }
}

variable "repository" {
  description = "The GitHub repository whose workflows may assume the roles, as OWNER@ID/NAME@ID. The roles then trust both forms of GitHub's tokens: with the numbers, and with the names alone. If you give OWNER/NAME, they trust only the names, and no token of a repository that was created, renamed or moved since 15 July 2026."
  type        = string
  nullable    = false

  validation {
    # https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens
    condition     = can(regex("^([A-Za-z0-9_-]+/[A-Za-z0-9._-]+|[A-Za-z0-9_-]+@[0-9]+/[A-Za-z0-9._-]+@[0-9]+)$", var.repository))
    error_message = "The repository has the form OWNER/NAME or OWNER@ID/NAME@ID, without wildcards; this is \"${var.repository}\"."
  }
}

variable "deployment_environment" {
  description = "The deployment environment on GitHub whose jobs may assume the role apply. Its protection rules decide who must approve."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.deployment_environment))
    error_message = "deployment_environment has only letters, digits, hyphens and underscores; this is \"${var.deployment_environment}\"."
  }
}

variable "state_bucket" {
  description = "The bucket that holds the environment's state."
  type        = string
  nullable    = false
}

variable "oidc_provider_arn" {
  description = "The ARN of GitHub's OpenID Connect provider, if the account already has it. If null, the module creates the provider."
  type        = string
  default     = null

  validation {
    condition     = var.oidc_provider_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.oidc_provider_arn))
    error_message = "oidc_provider_arn ends in oidc-provider/token.actions.githubusercontent.com; this is \"${coalesce(var.oidc_provider_arn, "null")}\"."
  }
}

variable "options" {
  description = "The optional features of the environment. The roles get the permissions for a feature only if it is true here. The bootstrap stack reads the values from the environment's files."
  type = object({
    customer_managed_key = optional(bool, false)
    vpc                  = optional(bool, false)
    autoscaling          = optional(bool, false)
    emails               = optional(bool, false)
    budget               = optional(bool, false)
    hours                = optional(bool, false)
    arrival              = optional(bool, false)
    batch                = optional(bool, false)
  })
  default  = {}
  nullable = false
}

variable "state_kms_key_arn" {
  description = "The ARN of the KMS key that encrypts the state. Null if S3 encrypts it with its own key."
  type        = string
  default     = null

  validation {
    condition     = var.state_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.state_kms_key_arn))
    error_message = "state_kms_key_arn has the form arn:aws:kms:REGION:ACCOUNT:key/ID, and an alias does not work; this is \"${coalesce(var.state_kms_key_arn, "null")}\"."
  }
}

variable "permissions_boundary_arn" {
  description = "The ARN of the permissions boundary that every role of the environment must have. If null, the module makes one, which has only what functions, state machines, jobs and endpoints of the environment do."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn is the ARN of a managed policy; this is \"${coalesce(var.permissions_boundary_arn, "null")}\"."
  }
}

variable "read_buckets" {
  description = "The names of further buckets that roles of the environment may read, such as buckets of images. The module's own boundary allows no other bucket besides the environment's."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.read_buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "read_buckets are names of buckets; these are ${join(", ", var.read_buckets)}."
  }
}

variable "own_permissions_boundary_arn" {
  description = "The ARN of the permissions boundary of the two roles themselves, if your organisation requires one. If null, they have no boundary."
  type        = string
  default     = null

  validation {
    condition     = var.own_permissions_boundary_arn == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.own_permissions_boundary_arn))
    error_message = "own_permissions_boundary_arn is the ARN of a managed policy; this is \"${coalesce(var.own_permissions_boundary_arn, "null")}\"."
  }
}
