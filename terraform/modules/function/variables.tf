variable "name" {
  description = "The function's name. Its role has the same name, and its log group is /aws/lambda/NAME."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,64}$", var.name))
    error_message = "A function's name has up to 64 letters, digits, hyphens and underscores; this is \"${var.name}\"."
  }
}

variable "description" {
  description = "What the function does, in a sentence. The Lambda console shows it."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.description) >= 1 && length(var.description) <= 256
    error_message = "A function's description has 1 to 256 characters; this has ${length(var.description)}."
  }
}

variable "package" {
  description = "The path of the function's zip. Build it before you run Terraform. Terraform updates the function if the zip's content changes."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists(var.package)
    error_message = "There is no package at ${var.package}; build it with: invoke package"
  }
}

variable "package_store" {
  description = "The bucket that Terraform stores the zip in, under functions/. Lambda reads it there. Terraform creates functions of a bucket side by side, and others one after the other. If null, Terraform sends the zip to Lambda itself."
  type        = object({ bucket = string })
  default     = null
}

variable "environment" {
  description = "The function's environment variables."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "allow" {
  description = "Further permissions of the function's role, by statement name. Each statement has the allowed actions and the ARNs of their resources."
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

variable "memory_mb" {
  description = "The function's memory, in MB. Lambda gives more CPU power to a function with more memory."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "A function has 128 to 10240 MB of memory; this is ${var.memory_mb}."
  }
}

variable "timeout_seconds" {
  description = "The function's timeout, in seconds. Lambda stops an invocation that takes longer."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "A function's timeout is 1 to 900 seconds; this is ${var.timeout_seconds}."
  }
}

variable "tracing" {
  description = "If true, the function sends traces to X-Ray for sampled requests. If false, it does so only if its caller traces the request."
  type        = bool
  default     = true
  nullable    = false
}

variable "log_retention_days" {
  description = "How many days CloudWatch Logs keeps the function's log. It allows only some numbers, such as 7, 30, 90 and 365."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs keeps lines for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days; this is ${var.log_retention_days}."
  }
}

variable "kms_key_arn" {
  description = "The ARN of the KMS key that encrypts the function's environment variables and its log. If null, AWS encrypts them with its own keys, at no cost."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has the form arn:aws:kms:REGION:ACCOUNT:key/ID; this is \"${coalesce(var.kms_key_arn, "null")}\"."
  }
}

variable "vpc" {
  description = "The subnets and security groups that the function runs in. In a network without internet access, it reaches only services with a VPC endpoint. If null, it runs in Lambda's own network."
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

variable "reserved_concurrency" {
  description = "The reserved concurrency: how many invocations may run at once. No other function can use this share. If null, the function shares the account's concurrency."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency >= 0 && floor(var.reserved_concurrency) == var.reserved_concurrency
    error_message = "reserved_concurrency is a whole number, 0 or more (0 stops the function); this is ${coalesce(var.reserved_concurrency, -1)}."
  }
}
