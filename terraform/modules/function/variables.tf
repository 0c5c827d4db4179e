variable "name" {
  description = "The function's name, which its role and its log group share."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,64}$", var.name))
    error_message = "A function's name has up to 64 letters, digits, hyphens and underscores; this is \"${var.name}\"."
  }
}

variable "description" {
  description = "What the function does, in a sentence, as the console shows it."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.description) >= 1 && length(var.description) <= 256
    error_message = "A function's description has 1 to 256 characters; this has ${length(var.description)}."
  }
}

variable "package" {
  description = "The path of the function's zip, built before Terraform runs. Its content decides whether the function is updated."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists(var.package)
    error_message = "There is no package at ${var.package}; build it with: invoke package"
  }
}

variable "environment" {
  description = "The function's environment variables."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "allow" {
  description = "What the function may do beyond writing its logs and traces: for each statement's name its actions and the ARNs they may touch."
  type = map(object({
    actions   = list(string)
    resources = list(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.allow) : can(regex("^[A-Za-z0-9]+$", name))])
    error_message = "A statement's name becomes its Sid, so it has letters and digits only; these are ${join(", ", keys(var.allow))}."
  }

  validation {
    condition     = !contains(flatten([for statement in var.allow : statement.resources]), "*")
    error_message = "A statement must name the ARNs that it touches; one of ${join(", ", keys(var.allow))} names \"*\"."
  }
}

variable "memory_mb" {
  description = "The function's memory, in MB; its share of a CPU grows with it."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "A function has 128 to 10240 MB of memory; this is ${var.memory_mb}."
  }
}

variable "timeout_seconds" {
  description = "After this many seconds a call is ended."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "A function's timeout is 1 to 900 seconds; this is ${var.timeout_seconds}."
  }
}

variable "tracing" {
  description = "Whether every call is traced in X-Ray. Off, a call is traced where its caller asks for it."
  type        = bool
  default     = true
  nullable    = false
}

variable "log_retention_days" {
  description = "How many days log lines are kept: one of the numbers that CloudWatch Logs knows, such as 7, 30, 90, 365."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs keeps lines for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days; this is ${var.log_retention_days}."
  }
}

variable "kms_key_arn" {
  description = "The KMS key that encrypts the function's variables and its log; null leaves them to AWS's own keys, which cost nothing."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has the form arn:aws:kms:REGION:ACCOUNT:key/ID; this is \"${coalesce(var.kms_key_arn, "null")}\"."
  }
}

variable "vpc" {
  description = "The subnets and security groups that the function runs in; null runs it in Lambda's own network. There it reaches only what has an endpoint."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.vpc == null ? true : length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0
    error_message = "vpc needs one or more of each of subnet_ids and security_group_ids; this is ${jsonencode(var.vpc)}."
  }
}

variable "permissions_boundary_arn" {
  description = "The policy that bounds what the role may ever do, whatever its own policies say; null sets no bound."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn has the form arn:aws:iam::ACCOUNT:policy/NAME; this is \"${coalesce(var.permissions_boundary_arn, "null")}\"."
  }
}

variable "reserved_concurrency" {
  description = "How many calls may run at once, which no other function can take away; null shares the account's."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency >= 0 && floor(var.reserved_concurrency) == var.reserved_concurrency
    error_message = "reserved_concurrency is a whole number, 0 (which stops the function) or more; this is ${coalesce(var.reserved_concurrency, -1)}."
  }
}
