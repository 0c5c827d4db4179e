variable "environment" {
  description = "The name of the environment. All resource names begin with scones-ENVIRONMENT. `invoke env` sets it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "An environment's name has up to 12 lower-case letters and digits, and begins with a letter; this is \"${var.environment}\"."
  }
}

variable "force_destroy" {
  description = "If true, destroying the stack also deletes data sets, artifacts, captures and registered models. If false, destroy fails while they exist."
  type        = bool
  default     = false
  nullable    = false
}

variable "noncurrent_version_days" {
  description = "How many days S3 keeps the old version of a replaced or deleted object. Until then, you can restore it."
  type        = number
  default     = 30
  nullable    = false
}

variable "capture_retention_days" {
  description = "How many days S3 keeps captured traffic and uploaded images."
  type        = number
  default     = 90
  nullable    = false
}

variable "dataset_retention_days" {
  description = "How many days S3 keeps data sets. If null, it never deletes them. To train the same model again, you need its data set."
  type        = number
  default     = null
}

variable "archive_after_days" {
  description = "After how many days data sets and model artifacts move to S3 Intelligent-Tiering. There, objects that nobody reads cost less over time."
  type        = number
  default     = 90
  nullable    = false
}

variable "customer_managed_key" {
  description = "If true, a customer managed KMS key encrypts the bucket, the logs, the topic and the volumes, for about $1 a month. If false, AWS's own keys encrypt them, at no cost."
  type        = bool
  default     = false
  nullable    = false
}

variable "vpc" {
  description = "A network without internet access, which functions, jobs and models run in: its addresses, the number of Availability Zones, the services that it can reach, and the further accounts whose buckets it can reach, such as those of image_buckets. If null, they run in AWS's own networks."
  type = object({
    cidr                = optional(string, "10.20.0.0/16")
    availability_zones  = optional(number, 2)
    interface_endpoints = optional(set(string), ["sagemaker.runtime"])
    bucket_accounts     = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.vpc == null ? true : contains(var.vpc.interface_endpoints, "sagemaker.runtime")
    error_message = "vpc.interface_endpoints must contain sagemaker.runtime, because a function invokes the endpoint; these are ${try(join(", ", var.vpc.interface_endpoints), "none")}."
  }
}

variable "permissions_boundary_arn" {
  description = "The ARN of the permissions boundary of every role of the environment, if your organisation requires one. If null, and bootstrap.tfvars.json names a github_repository, it is the boundary that the bootstrap stack makes. Without a pipeline, the roles have no boundary."
  type        = string
  default     = null
}

variable "access_logging" {
  description = "If true, a separate bucket gets the server access logs of the bucket and the flow logs of the network."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_retention_days" {
  description = "How many days S3 keeps the access logs and flow logs."
  type        = number
  default     = 90
  nullable    = false
}
