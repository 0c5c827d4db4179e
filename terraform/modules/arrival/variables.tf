variable "name" {
  description = "The beginning of the names of the queues, rules and functions. It is also the source of the events that tell results."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{0,47}$", var.name))
    error_message = "The name has up to 48 letters, digits, hyphens and underscores; this is \"${var.name}\"."
  }
}

variable "bucket" {
  description = "The name of the bucket in which objects arrive, and which gets the results."
  type        = string
  nullable    = false
}

variable "prefix" {
  description = "The beginning of the keys of the objects that start an execution. It ends in \"/\"."
  type        = string
  default     = "incoming/"
  nullable    = false

  validation {
    condition     = can(regex("^[^*/\\\\][^*\\\\]*/$", var.prefix))
    error_message = "prefix names a folder and ends in \"/\", without \"*\" and \"\\\"; this is \"${var.prefix}\"."
  }
}

variable "suffixes" {
  description = "The ends of the keys of the objects that start an execution, in upper or lower case, or mixed. Objects with other ends start nothing."
  type        = list(string)
  default     = [".png", ".jpg", ".jpeg"]
  nullable    = false

  validation {
    condition     = length(var.suffixes) > 0 && alltrue([for suffix in var.suffixes : can(regex("^[^*]+$", suffix))])
    error_message = "suffixes has one or more ends of keys, such as \".png\", without \"*\"; this is ${jsonencode(var.suffixes)}."
  }
}

variable "results" {
  description = "The folder of the results in the bucket. A result is RESULTS/dt=YYYY-MM-DD/EXECUTION.json."
  type        = string
  default     = "results"
  nullable    = false

  validation {
    condition     = can(regex("^[^/*]+(/[^/*]+)*$", var.results))
    error_message = "results names a folder, without \"/\" at its ends; this is \"${var.results}\"."
  }

  validation {
    condition     = !startswith("${var.results}/", var.prefix)
    error_message = "results is \"${var.results}\", which lies under the prefix \"${var.prefix}\": each result would be an arrival."
  }

  validation {
    condition     = !startswith(var.prefix, "${var.results}/")
    error_message = "results is \"${var.results}\", which contains the prefix \"${var.prefix}\": arrivals would be among the results."
  }
}

variable "state_machine_arn" {
  description = "The ARN of the state machine. Its input is {\"s3_bucket\": …, \"s3_key\": …, \"s3_version\": …}."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[^:]+$", var.state_machine_arn))
    error_message = "state_machine_arn has the form arn:aws:states:REGION:ACCOUNT:stateMachine:NAME; this is \"${var.state_machine_arn}\"."
  }
}

variable "packages" {
  description = "The paths of the zips of the functions startWorkflow and recordResult. `invoke package` writes them."
  type        = object({ start_workflow = string, record_result = string })
  nullable    = false
}

variable "at_most" {
  description = "How many executions may run at once for arrivals, 2 to 1000. Then startWorkflow waits for each execution, which costs about as long of a function of 128 MB. If null, each arrival starts its execution at once."
  type        = number
  default     = null

  validation {
    condition     = var.at_most == null ? true : var.at_most >= 2 && var.at_most <= 1000
    error_message = "at_most is 2 to 1000, as Lambda allows for a queue; this is ${coalesce(var.at_most, 0)}."
  }
}

variable "log_retention_days" {
  description = "How many days CloudWatch Logs keeps the functions' logs."
  type        = number
  default     = 30
  nullable    = false
}

variable "kms_key_arn" {
  description = "The ARN of the bucket's KMS key, which also encrypts the functions' environments and logs. If null, AWS encrypts with its own keys."
  type        = string
  default     = null
}

variable "vpc" {
  description = "The subnets and security groups that the functions run in. The network then needs interface endpoints for states and events. If null, they run in Lambda's own network."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null
}

variable "permissions_boundary_arn" {
  description = "The ARN of the permissions boundary of the roles. If null, the roles have no boundary."
  type        = string
  default     = null
}
