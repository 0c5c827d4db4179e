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
  description = "The bucket whose datasets/ a job may read, and whose models/ and checkpoints/ it may read and write."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[^/*]+$", var.bucket_arn))
    error_message = "bucket_arn has the form arn:aws:s3:::BUCKET; this is \"${var.bucket_arn}\"."
  }
}

variable "algorithm" {
  description = "The repository of the built-in algorithm's image, which a job may pull."
  type        = string
  default     = "image-classification"
  nullable    = false
}
