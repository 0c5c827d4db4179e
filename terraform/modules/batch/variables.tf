variable "name" {
  description = "The beginning of the names of the state machine, the function, the model and the roles."
  type        = string
  nullable    = false

  validation {
    # The role of the state machine is named NAME-classify-batch-states. It has at most 64 characters. The model's name
    # has at most 63: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9-]{0,41}$", var.name))
    error_message = "The name has up to 42 letters, digits and hyphens; this is \"${var.name}\"."
  }
}

variable "bucket" {
  description = "The name of the bucket that gets the results, under batches/."
  type        = string
  nullable    = false
}

variable "image_arns" {
  description = "The ARNs of the objects that are images, such as arn:aws:s3:::BUCKET/images/*."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.image_arns) > 0 && alltrue([for arn in var.image_arns : can(regex("^arn:[a-z-]+:s3:::[a-z0-9][a-z0-9.-]+/.+$", arn))])
    error_message = "image_arns are one or more ARNs of objects, arn:aws:s3:::BUCKET/PREFIX*; these are ${jsonencode(var.image_arns)}."
  }
}

variable "definition" {
  description = "The path of the state machine's definition, a template of partition, classify_batch_arn, bucket, images_a_child, at_most and tolerated_failure_percentage."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists(var.definition)
    error_message = "There is no definition at ${var.definition}; give the path of asl/classify_batch.asl.json."
  }
}

variable "package" {
  description = "The path of the zip of the function classifyBatch. `invoke package` writes it."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "The environment variables of the three functions of the workflow, whose code classifyBatch has, and PINNED_VARIANT, the endpoint's variant that answers batches."
  type        = map(string)
  nullable    = false
}

variable "allow" {
  description = "The permissions of the three functions of the workflow, by statement name."
  type = map(object({
    actions   = list(string)
    resources = list(string)
  }))
  nullable = false
}

variable "memory_mb" {
  description = "The function's memory, in MB."
  type        = number
  default     = 512
  nullable    = false
}

variable "images_a_child" {
  description = "How many images an execution of the function takes, 1 to 40. Their rows together are its output, which has at most 256 KiB. So it is less for a model of many classes."
  type        = number
  default     = 40
  nullable    = false

  validation {
    condition     = var.images_a_child >= 1 && var.images_a_child <= 40 && floor(var.images_a_child) == var.images_a_child
    error_message = "images_a_child is a whole number from 1 to 40; this is ${var.images_a_child}."
  }
}

variable "at_most" {
  description = "How many executions of the function may run at once, 1 to 1000, if an execution's input does not say. Each sends four requests to the endpoint at once."
  type        = number
  default     = 8
  nullable    = false

  validation {
    condition     = var.at_most >= 1 && var.at_most <= 1000 && floor(var.at_most) == var.at_most
    error_message = "at_most is a whole number from 1 to 1000; this is ${var.at_most}."
  }
}

variable "tolerated_failure_percentage" {
  description = "The percentage of images, 0 to 100, for which AWS may give no answer before a batch fails, if an execution's input does not say. An image that is refused is an answer."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.tolerated_failure_percentage >= 0 && var.tolerated_failure_percentage <= 100
    error_message = "tolerated_failure_percentage is a number from 0 to 100; this is ${var.tolerated_failure_percentage}."
  }
}

variable "model" {
  description = "The model for Batch Transform: its container, its artifact in S3, the artifact's SHA-256, and the model's tags."
  type = object({
    image_uri       = string
    artifact_uri    = string
    artifact_sha256 = string
    tags            = optional(map(string), {})
  })
  nullable = false

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[^:@]+", var.model.image_uri))
    error_message = "model.image_uri has the form ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG; this is \"${var.model.image_uri}\"."
  }

  validation {
    condition     = can(regex("^s3://[^/]+/.+$", var.model.artifact_uri))
    error_message = "model.artifact_uri has the form s3://BUCKET/KEY; this is \"${var.model.artifact_uri}\"."
  }
}

variable "log_retention_days" {
  description = "How many days CloudWatch Logs keeps the logs of the function and the state machine."
  type        = number
  default     = 30
  nullable    = false
}

variable "kms_key_arn" {
  description = "The ARN of the bucket's KMS key, which also encrypts the function's environment and the logs. If null, AWS encrypts with its own keys."
  type        = string
  default     = null
}

variable "vpc" {
  description = "The subnets and security groups that the function and transform jobs run in. If null, they run in AWS's own networks."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null
}

variable "permissions_boundary_arn" {
  description = "The ARN of the permissions boundary of the roles. If null, the roles have no boundary."
  type        = string
  default     = null
}
