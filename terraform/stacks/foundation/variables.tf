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

variable "dataset_retention_days" {
  description = "How many days data sets are kept; null keeps them for good. A model can only be trained again alike while its data set is there."
  type        = number
  default     = null
}

variable "archive_after_days" {
  description = "After how many days data sets and model artifacts move to S3's Intelligent-Tiering, which costs less the longer nobody reads them."
  type        = number
  default     = 90
  nullable    = false
}

variable "customer_managed_key" {
  description = "Whether a KMS key of its own encrypts bucket, logs, topics and volumes, for about $1 a month. Otherwise AWS's own keys do, for nothing."
  type        = bool
  default     = false
  nullable    = false
}

variable "vpc" {
  description = "The network that functions, jobs and models run in, without a way to the internet: its addresses, in how many zones, and the services that can be called from it. Null runs them in AWS's own networks."
  type = object({
    cidr                = optional(string, "10.20.0.0/16")
    availability_zones  = optional(number, 2)
    interface_endpoints = optional(set(string), ["sagemaker.runtime"])
  })
  default = null

  validation {
    condition     = var.vpc == null ? true : contains(var.vpc.interface_endpoints, "sagemaker.runtime")
    error_message = "The functions call the endpoint, so vpc.interface_endpoints need sagemaker.runtime; these are ${try(join(", ", var.vpc.interface_endpoints), "none")}."
  }
}

variable "permissions_boundary_arn" {
  description = "The policy that bounds what any role here may ever do, as an organisation may require; null sets no bound."
  type        = string
  default     = null
}

variable "access_logging" {
  description = "Whether every request to the bucket, and all traffic in the network, are recorded in a bucket of their own."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_retention_days" {
  description = "How many days the record of requests and traffic is kept."
  type        = number
  default     = 90
  nullable    = false
}
