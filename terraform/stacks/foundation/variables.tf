variable "environment" {
  description = "The environment, which every name contains: scones-ENVIRONMENT-…. `invoke env` sets it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "An environment has up to 12 lower-case letters and digits, a letter first; this is \"${var.environment}\"."
  }
}

variable "force_destroy" {
  description = "Whether destroying the stack deletes data sets, artifacts, captures and registered models. Without it, destroy stops at them."
  type        = bool
  default     = false
  nullable    = false
}

variable "noncurrent_version_days" {
  description = "How many days a replaced or deleted object can still be brought back."
  type        = number
  default     = 30
  nullable    = false
}

variable "capture_retention_days" {
  description = "How many days captured traffic and uploaded images are kept."
  type        = number
  default     = 90
  nullable    = false
}
