variable "name" {
  description = "The endpoint's name, which the names of its model, configuration, role and log group begin with."
  type        = string
  nullable    = false

  validation {
    # A model's name, this one, a hyphen and 12 digits of a hash, has at most 63 characters.
    condition     = can(regex("^[a-zA-Z0-9](-?[a-zA-Z0-9]){0,49}$", var.name))
    error_message = "The endpoint's name has up to 50 letters, digits and single hyphens, with a letter or digit at both ends; this is \"${var.name}\"."
  }
}

variable "image_uri" {
  description = "The container image that serves the model, in ECR."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[^:@]+", var.image_uri))
    error_message = "image_uri has the form ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG; this is \"${var.image_uri}\"."
  }
}

variable "artifact_uri" {
  description = "The model artifact, s3://BUCKET/KEY. Another one replaces the model behind the endpoint."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^s3://[^/]+/.+\\.tar\\.gz$", var.artifact_uri))
    error_message = "artifact_uri has the form s3://BUCKET/KEY.tar.gz; this is \"${var.artifact_uri}\"."
  }
}

variable "artifact_sha256" {
  description = "The artifact's SHA-256, in hexadecimal: a new artifact under an old key is a new model."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.artifact_sha256))
    error_message = "artifact_sha256 is 64 hexadecimal digits in lower case; this is \"${var.artifact_sha256}\"."
  }
}

variable "model_tags" {
  description = "Tags of the model, such as the model package it comes from."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "instance_type" {
  description = "The instance type that the model runs on. Changing it moves the endpoint to new instances while the old ones answer."
  type        = string
  default     = "ml.m5.large"
  nullable    = false

  validation {
    condition     = can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", var.instance_type))
    error_message = "A SageMaker instance type begins with \"ml.\", as ml.m5.large does; this is \"${var.instance_type}\"."
  }
}

variable "instance_count" {
  description = "How many instances the endpoint runs on. Two or more lie in different Availability Zones."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.instance_count >= 1 && floor(var.instance_count) == var.instance_count
    error_message = "instance_count is a whole number, 1 or more; this is ${var.instance_count}."
  }
}

variable "capture_uri" {
  description = "Where requests and answers are captured, s3://BUCKET/PREFIX without a slash at its end."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^s3://[^/]+/.*[^/]$", var.capture_uri))
    error_message = "capture_uri has the form s3://BUCKET/PREFIX; this is \"${var.capture_uri}\"."
  }
}

variable "capture_percentage" {
  description = "The share of requests that is captured, in percent; 0 captures none."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.capture_percentage >= 0 && var.capture_percentage <= 100 && floor(var.capture_percentage) == var.capture_percentage
    error_message = "capture_percentage is a whole number from 0 to 100; this is ${var.capture_percentage}."
  }
}

variable "log_retention_days" {
  description = "How many days the container's log lines are kept: one of the numbers that CloudWatch Logs knows, such as 7, 30, 90, 365."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs keeps lines for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days; this is ${var.log_retention_days}."
  }
}
