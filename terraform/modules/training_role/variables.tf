variable "name" {
  description = "The role's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,64}$", var.name))
    error_message = "The role's name has up to 64 letters, digits, hyphens and underscores; this is \"${var.name}\"."
  }
}

variable "bucket_arn" {
  description = "The ARN of the bucket. A job may read objects under datasets/, and read and write objects under models/ and checkpoints/."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[^/*]+$", var.bucket_arn))
    error_message = "bucket_arn has the form arn:aws:s3:::BUCKET; this is \"${var.bucket_arn}\"."
  }
}

variable "algorithm" {
  description = "The ECR repository of the built-in algorithm's image. A job may pull this image."
  type        = string
  default     = "image-classification"
  nullable    = false
}

variable "kms_key_arn" {
  description = "The ARN of the KMS key that encrypts the bucket. Null if S3 encrypts it with its own key."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has the form arn:aws:kms:REGION:ACCOUNT:key/ID; this is \"${coalesce(var.kms_key_arn, "null")}\"."
  }
}

variable "vpc" {
  description = "The subnets and security groups that jobs run in. Null if they run in SageMaker's own network."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.vpc == null ? true : length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0
    error_message = "vpc needs at least one of subnet_ids and one of security_group_ids; this is ${jsonencode(var.vpc)}."
  }
}

variable "permissions_boundary_arn" {
  description = "The ARN of the permissions boundary of the role. If null, the role has no boundary."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn has the form arn:aws:iam::ACCOUNT:policy/NAME; this is \"${coalesce(var.permissions_boundary_arn, "null")}\"."
  }
}
