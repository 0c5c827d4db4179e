variable "name" {
  description = "The state machine's name. A change replaces the state machine, and the old executions are lost."
  type        = string
  nullable    = false

  validation {
    # The role's name is this name and "-states". It has at most 64 characters.
    condition     = can(regex("^[a-zA-Z0-9_-]{1,57}$", var.name))
    error_message = "The state machine's name has up to 57 letters, digits, hyphens and underscores; this is \"${var.name}\"."
  }
}

variable "definition" {
  description = "The state machine in the Amazon States Language, as JSON."
  type        = string
  nullable    = false

  validation {
    condition     = can(keys(jsondecode(var.definition).States)) && can(jsondecode(var.definition).StartAt)
    error_message = "The definition must be a JSON object with StartAt and States; this begins with ${jsonencode(substr(var.definition, 0, 80))}."
  }

  validation {
    condition     = !can(regex("[$][{]", var.definition))
    error_message = "The definition still contains a placeholder (a dollar sign and a name in braces); replace it with templatefile."
  }
}

variable "function_arns" {
  description = "The ARNs of the functions that the state machine may invoke."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.function_arns) > 0 && alltrue([for arn in var.function_arns : can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+$", arn))])
    error_message = "function_arns are one or more ARNs of functions, without a version; these are ${join(", ", var.function_arns)}."
  }
}

variable "allow" {
  description = "Further permissions of the state machine's role, by statement name. Each statement has the allowed actions and the ARNs of their resources."
  type = map(object({
    actions   = list(string)
    resources = list(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.allow) : can(regex("^[A-Za-z0-9]+$", name))])
    error_message = "The name of a statement becomes its Sid, so it has only letters and digits; these are ${join(", ", keys(var.allow))}."
  }

  validation {
    condition     = !contains(flatten([for statement in var.allow : statement.resources]), "*")
    error_message = "A statement must give the ARNs of its resources, but one of ${join(", ", keys(var.allow))} has the resource \"*\"; give ARNs instead."
  }
}

variable "log_retention_days" {
  description = "How many days CloudWatch Logs keeps the log of the executions. It allows only some numbers, such as 7, 30, 90 and 365."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs keeps lines for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days; this is ${var.log_retention_days}."
  }
}

variable "kms_key_arn" {
  description = "The ARN of the KMS key that encrypts the log. If null, CloudWatch Logs encrypts it with its own key, at no cost."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has the form arn:aws:kms:REGION:ACCOUNT:key/ID; this is \"${coalesce(var.kms_key_arn, "null")}\"."
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
