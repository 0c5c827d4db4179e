variable "name" {
  description = "The bucket's name, unique in the whole partition. Changing it makes a new, empty bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends; this is \"${var.name}\"."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket deletes the objects in it. Without it, destroy stops at a bucket that is not empty."
  type        = bool
  default     = false
  nullable    = false
}

variable "noncurrent_version_days" {
  description = "How many days a replaced or deleted object can still be brought back."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 1 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days is a whole number of days, 1 or more; this is ${var.noncurrent_version_days}."
  }
}

variable "expirations" {
  description = "What is deleted by age: for each rule's name the key prefix it covers and the age in days, and how many days a replaced object of it is kept (noncurrent_version_days, unless given)."
  type = map(object({
    prefix          = string
    days            = number
    noncurrent_days = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for rule in var.expirations : rule.days >= 1 && floor(rule.days) == rule.days])
    error_message = "An expiration's days are a whole number, 1 or more; these are ${jsonencode({ for name, rule in var.expirations : name => rule.days })}."
  }

  validation {
    condition     = alltrue([for rule in var.expirations : rule.noncurrent_days == null ? true : rule.noncurrent_days >= 1 && floor(rule.noncurrent_days) == rule.noncurrent_days])
    error_message = "An expiration's noncurrent_days are a whole number, 1 or more; these are ${jsonencode({ for name, rule in var.expirations : name => rule.noncurrent_days })}."
  }

  validation {
    condition     = alltrue([for rule in var.expirations : endswith(rule.prefix, "/")])
    error_message = "An expiration's prefix ends with \"/\", so that it covers one folder only; these are ${jsonencode({ for name, rule in var.expirations : name => rule.prefix })}."
  }
}
