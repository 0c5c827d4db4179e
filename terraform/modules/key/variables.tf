variable "name" {
  description = "The key's alias, without the prefix alias/. A change replaces only the alias, not the key."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9/_-]{1,250}$", var.name)) && !startswith(var.name, "aws/")
    error_message = "A key's alias has up to 250 letters, digits, hyphens, underscores and slashes, and does not begin with aws/; this is \"${var.name}\"."
  }
}

variable "description" {
  description = "What the key encrypts, in a sentence. The KMS console shows it."
  type        = string
  nullable    = false
}

variable "log_groups" {
  description = "The names of the log groups that CloudWatch Logs may encrypt with the key. A name may end in *. If empty, it may encrypt no log group."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.log_groups : can(regex("^[a-zA-Z0-9/_.#-]+\\*?$", name))])
    error_message = "log_groups are names of log groups, and a name may end in \"*\"; these are ${join(", ", var.log_groups)}."
  }
}

variable "publishers" {
  description = "The service principals that may publish to SNS topics with this key, such as cloudwatch.amazonaws.com for alarms."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for service in var.publishers : can(regex("^[a-z0-9-]+\\.amazonaws\\.com$", service))])
    error_message = "publishers are service principals, such as cloudwatch.amazonaws.com; these are ${join(", ", var.publishers)}."
  }
}

variable "deletion_window_days" {
  description = "How many days KMS waits before it deletes a destroyed key. Until then, you can cancel the deletion. After that, all data that it encrypted is lost."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30 && floor(var.deletion_window_days) == var.deletion_window_days
    error_message = "deletion_window_days is a whole number from 7 to 30; this is ${var.deletion_window_days}."
  }
}
