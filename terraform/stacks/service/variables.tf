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
  description = "The bucket that holds the foundation stack's state. `invoke env` sets it."
  type        = string
  nullable    = false
}

variable "model" {
  description = "The pinned model, written by `invoke register` and `invoke pin` (model.tfvars.json). Another one replaces what the endpoint serves."
  type = object({
    package_arn         = string
    version             = number
    image_uri           = string
    artifact_uri        = string
    artifact_sha256     = string
    class_labels        = list(string)
    metrics             = optional(map(number), {})
    dataset_fingerprint = optional(string, "")
    git_commit          = optional(string, "")
  })
  nullable = false

  validation {
    condition     = length(var.model.class_labels) >= 2 && length(distinct(var.model.class_labels)) == length(var.model.class_labels)
    error_message = "model.class_labels are two or more different labels, in index order; these are ${jsonencode(var.model.class_labels)}."
  }
}

variable "confidence_threshold" {
  description = "From this probability of the most likely class on, an answer passes; below it the execution fails with ThresholdConfidenceNotMet."
  type        = number
  nullable    = false

  validation {
    condition     = var.confidence_threshold >= 0 && var.confidence_threshold <= 1
    error_message = "confidence_threshold is a probability from 0 to 1; this is ${var.confidence_threshold}."
  }
}

variable "endpoint_instance_type" {
  description = "The instance type that the endpoint runs on."
  type        = string
  default     = "ml.m5.large"
  nullable    = false
}

variable "endpoint_instance_count" {
  description = "How many instances the endpoint runs on."
  type        = number
  default     = 1
  nullable    = false
}

variable "capture_percentage" {
  description = "The share of requests to the endpoint that is captured, in percent."
  type        = number
  default     = 100
  nullable    = false
}

variable "image_buckets" {
  description = "Further buckets whose images may be classified, beside the project's own."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "lambda_packages" {
  description = "The folder of the functions' zips, as `invoke package` writes it."
  type        = string
  default     = "../../../build/lambdas"
  nullable    = false
}

variable "log_retention_days" {
  description = "How many days the logs of functions, executions and endpoint are kept."
  type        = number
  default     = 30
  nullable    = false
}
