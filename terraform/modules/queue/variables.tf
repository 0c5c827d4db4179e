variable "name" {
  description = "The name of the queue and of the rule that fills it. The queue of the dead letters is NAME-dead."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{0,58}$", var.name))
    error_message = "A rule's name has up to 64 letters, digits, hyphens and underscores, of which 5 are for the dead letters; this is \"${var.name}\"."
  }
}

variable "description" {
  description = "Which events the rule takes, in a sentence. The EventBridge console shows it."
  type        = string
  nullable    = false
}

variable "event_pattern" {
  description = "The pattern of the events, as JSON text."
  type        = string
  nullable    = false

  validation {
    condition     = can(jsondecode(var.event_pattern))
    error_message = "event_pattern is JSON text; this is ${substr(var.event_pattern, 0, 100)}."
  }
}

variable "function_name" {
  description = "The name of the function that gets the messages. Its role must be allowed sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes for the queue."
  type        = string
  nullable    = false
}

# Not in an object with function_name: the queue would wait for the function.
variable "timeout_seconds" {
  description = "The function's timeout. A message is hidden for six times as long while the function works on it."
  type        = number
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "A function's timeout is 1 to 900 seconds; timeout_seconds is ${var.timeout_seconds}."
  }
}

variable "batch_size" {
  description = "How many messages the function gets at most at once."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 10
    error_message = "batch_size is 1 to 10; this is ${var.batch_size}."
  }
}

variable "at_most" {
  description = "How many invocations of the function may work on the queue at once. If null, as many as the account allows."
  type        = number
  default     = null

  validation {
    condition     = var.at_most == null ? true : var.at_most >= 2 && var.at_most <= 1000
    error_message = "Lambda allows 2 to 1000 invocations for a queue at once; at_most is ${coalesce(var.at_most, 0)}."
  }
}

variable "receives" {
  description = "How often a message is tried before it is a dead letter. Lambda recommends at least 5."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.receives >= 1 && var.receives <= 1000
    error_message = "receives is 1 to 1000; this is ${var.receives}."
  }
}

variable "retention_days" {
  description = "How many days a message may wait. Then SQS deletes it. The dead letters are kept for 14 days, the most that SQS allows."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 14
    error_message = "SQS keeps messages for 1 to 14 days here; retention_days is ${var.retention_days}."
  }
}
